"""Which stage of a request a sampled stack belongs to: tables of where functions live."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

Frame = tuple[str, str]  # a function, and its file from the package on
Rule = tuple[str, str, str]  # the beginning of a file, of a function in it ("" for all), and the stage

OTHER: Final = "other"
STAGES: Final = (
    "parse", "authenticate", "limits", "cache", "use case", "database", "model", "run log", "encode", "send", "telemetry", OTHER,
)
TOLD: Final[Mapping[str, str]] = {
    "parse": "uvicorn's reading, the envelope, routing, the body",
    "authenticate": "the token's check, its cache included",
    "limits": "what the caller may take, its call to Valkey included",
    "cache": "layers of cache, in the process and on Valkey",
    "use case": "domain and application",
    "database": "statements, the pool, rows",
    "model": "the call to the model and the reading of its stream",
    "run log": "the stream of the run on Valkey, and every other answer of Valkey's",
    "encode": "bodies and events made into bytes, compression",
    "send": "headers, writing to the connection",
    "telemetry": "the log line, counters and times",
    OTHER: "the event loop itself, leases, what no table names",
}

# These are one thing from outside, whatever they call: the outermost frame that matches decides.
_WHOLE: Final[tuple[Rule, ...]] = (
    ("application/users/authenticate.py", "", "authenticate"),
    ("entrypoints/http/scopes.py", "", "authenticate"),
    ("domain/users/scopes.py", "", "authenticate"),
    ("application/limits/admit_request.py", "", "limits"),
    ("application/limits/allowances.py", "", "limits"),
    ("application/limits/stream_slots.py", "", "limits"),
    ("entrypoints/http/limits.py", "", "limits"),
    ("adapters/redis/limiter.py", "", "limits"),
    ("adapters/telemetry/", "", "telemetry"),
    ("entrypoints/access_log.py", "", "telemetry"),
    ("logging/", "", "telemetry"),
    ("prometheus_client/", "", "telemetry"),
)
# Of all others the innermost frame that matches decides, by the first rule that it matches.
_INNERMOST: Final[tuple[Rule, ...]] = (
    ("entrypoints/ioc/observation.py", "", "telemetry"),
    ("entrypoints/http/envelope.py", "_note", "telemetry"),
    ("uvicorn/", "send", "send"),
    ("uvicorn/", "on_response_complete", "send"),
    ("uvicorn/", "_get_status_line", "send"),
    ("uvicorn/protocols/http/flow_control.py", "", "send"),
    ("uvicorn/", "", "parse"),
    ("httptools/", "", "parse"),
    ("entrypoints/http/connections.py", "", "parse"),
    ("adapters/postgres/", "", "database"),
    ("asyncpg/", "", "database"),
    ("sqlalchemy/", "", "database"),
    ("adapters/caching/", "", "cache"),
    ("adapters/redis/cache", "", "cache"),
    ("cachebox/", "", "cache"),
    ("adapters/redis/", "", "run log"),
    ("hiredis/", "", "run log"),
    ("adapters/models/", "", "model"),
    ("aiohttp/", "", "model"),
    ("yarl/", "", "model"),
    ("multidict/", "", "model"),
    ("entrypoints/http/events.py", "", "encode"),
    ("entrypoints/http/rendered.py", "", "encode"),
    ("entrypoints/http/compression.py", "", "encode"),
    ("entrypoints/http/codings.py", "", "encode"),
    ("entrypoints/http/event_stream.py", "encode_", "encode"),
    ("entrypoints/http/wire.py", "", "encode"),
    ("litestar/serialization/", "encode_", "encode"),
    ("litestar/response/", "", "encode"),
    ("entrypoints/http/event_stream.py", "", "send"),
    ("entrypoints/http/stall_watch.py", "", "send"),
    ("entrypoints/http/streaming.py", "", "send"),
    ("entrypoints/http/envelope.py", "send_named", "send"),
    ("entrypoints/http/positions.py", "headers", "send"),
    ("entrypoints/http/manners.py", "headers", "send"),
    ("application/", "", "use case"),
    ("domain/", "", "use case"),
    ("entrypoints/http/", "", "parse"),
    ("litestar/", "", "parse"),
)


def stage_of(stack: Sequence[Frame]) -> str:
    """Return the stage of a stack, whose frames run from the outermost to the innermost."""
    for frame in stack:
        found = _first(_WHOLE, frame)
        if found is not None:
            return found
    for frame in reversed(stack):
        found = _first(_INNERMOST, frame)
        if found is not None:
            return found
    return OTHER


def shares(stacks: Iterable[tuple[Sequence[Frame], float]]) -> dict[str, float]:
    """Return each stage's share of all samples' weights, in the order of STAGES; they add up to 1."""
    weights: dict[str, float] = defaultdict(float)
    for stack, weight in stacks:
        weights[stage_of(stack)] += weight
    whole = sum(weights.values())
    return {stage: weights[stage] / whole if whole else 0.0 for stage in STAGES}


def _first(rules: Sequence[Rule], frame: Frame) -> str | None:
    qualified, file = frame
    function = qualified.rpartition(".")[2]  # py-spy has `Class.method` and `outer.<locals>.inner`
    return next((stage for start, name, stage in rules if file.startswith(start) and function.startswith(name)), None)
