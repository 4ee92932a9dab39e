"""Which stage of a request a sampled stack is counted to."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from bench.budget import Budget, table
from bench.stages import _INNERMOST, _WHOLE, OTHER, STAGES, TOLD, Frame, shares, stage_of

LOOP: Frame = ("Runner.run", "asyncio/runners.py")
CYCLE: Frame = ("RequestResponseCycle.run_asgi", "uvicorn/protocols/http/httptools_impl.py")
HOT: Frame = ("HotReads._answered", "entrypoints/http/hot_reads.py")
AUTHENTICATE: Frame = ("Authenticate.execute", "application/users/authenticate.py")
CACHE: Frame = ("CachedReads.read", "adapters/caching/cached_reads.py")
SEND_MESSAGE: Frame = ("SendMessage.execute", "application/runs/send_message.py")
FOLLOW: Frame = ("EventStream._follow", "entrypoints/http/event_stream.py")
OBSERVED: Frame = ("Observed.execute", "entrypoints/ioc/observation.py")
POOL: Frame = ("Pool.acquire", "adapters/postgres/pool.py")
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("stack", "stage"),
    [
        ([LOOP], OTHER),
        ([LOOP, ("HttpToolsProtocol.data_received", "uvicorn/protocols/http/httptools_impl.py")], "parse"),
        ([LOOP, CYCLE, HOT], "parse"),
        ([LOOP, CYCLE, HOT, AUTHENTICATE], "authenticate"),
        ([LOOP, CYCLE, HOT, AUTHENTICATE, CACHE], "authenticate"),
        ([LOOP, CYCLE, HOT, CACHE], "cache"),
        ([LOOP, CYCLE, SEND_MESSAGE], "use case"),
        ([LOOP, CYCLE, SEND_MESSAGE, POOL, ("Connection.fetchrow", "asyncpg/connection.py")], "database"),
        ([LOOP, ("ValkeyLimiter.admit", "adapters/redis/limiter.py"), ("Pipe.ask", "adapters/redis/pipe.py")], "limits"),
        ([LOOP, ("Manuscript.flush", "adapters/redis/manuscript.py")], "run log"),
        ([LOOP, ("ResponseHandler.data_received", "aiohttp/client_proto.py")], "model"),
        ([LOOP, CYCLE, FOLLOW, ("encode_frame", "entrypoints/http/event_stream.py")], "encode"),
        ([LOOP, CYCLE, ("_write", "entrypoints/http/event_stream.py")], "send"),
        ([LOOP, CYCLE, HOT, ("RequestResponseCycle.send", "uvicorn/protocols/http/httptools_impl.py")], "send"),
        ([LOOP, CYCLE, ("Envelope.__call__.<locals>.send_named", "entrypoints/http/envelope.py")], "send"),
        ([LOOP, CYCLE, OBSERVED, ("Metrics.use_case", "adapters/telemetry/metrics.py")], "telemetry"),
        ([LOOP, CYCLE, OBSERVED, SEND_MESSAGE], "use case"),
    ],
)
def test_the_innermost_stage_counts_but_what_is_one_thing_from_outside_stays_one(stack: list[Frame], stage: str) -> None:
    assert stage_of(stack) == stage


def test_shares_are_by_weight_in_the_order_of_the_stages_and_add_up() -> None:
    found = shares([([LOOP], 1.0), ([LOOP, CYCLE, HOT], 2.0), ([LOOP, POOL], 5.0)])

    assert tuple(found) == STAGES
    assert (found["parse"], found["database"], found[OTHER]) == (0.25, 0.625, 0.125)
    assert sum(found.values()) == pytest.approx(1)


def test_nothing_sampled_is_no_share_of_anything() -> None:
    assert set(shares([]).values()) == {0.0}


@pytest.mark.parametrize("start", sorted({rule[0] for rule in (*_WHOLE, *_INNERMOST)}))
def test_every_rule_names_a_place_that_exists(start: str) -> None:
    package = start.split("/", maxsplit=1)[0]
    if package in {"domain", "application", "adapters", "entrypoints"}:
        path = ROOT / "src" / start
        assert path.exists() or any(path.parent.glob(f"{path.name}*"))
    else:
        assert find_spec(package) is not None


def test_every_stage_that_a_rule_names_is_shown_and_explained() -> None:
    assert {stage for *_, stage in (*_WHOLE, *_INNERMOST)} | {OTHER} == set(STAGES) == set(TOLD)


def test_the_budget_divides_a_request_s_cpu_and_shows_what_it_adds_up_to() -> None:
    parts = dict.fromkeys(STAGES, 0.0) | {"parse": 30.0, "database": 90.0}

    told = table({"database read": Budget(120.0, parts)}).splitlines()

    assert "database read" in told[0]
    assert next(line for line in told if line.startswith("database  ")).split()[1:3] == ["90", "("]
    assert told[-1].split() == ["all", "120"]
