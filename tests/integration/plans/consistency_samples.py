"""Samples for the check of what is stored. It reads whole tables, a batch at a time; a repair reads the session that it mends."""

from collections.abc import Mapping
from typing import Final

from adapters.postgres.consistency.conversation import message_scan, run_scan
from adapters.postgres.consistency.keys import KeyScan
from adapters.postgres.consistency.outbox import event_scan, pin_scan
from adapters.postgres.consistency.owners import Owners
from adapters.postgres.consistency.sessions import SessionScan
from adapters.postgres.consistency.sharing import share_scan
from adapters.postgres.database import Database
from tests.integration.plans.samples import EVENTS, Sample, named
from tests.integration.plans.seeding import NODES
from tests.support.statements import statements_of

_SIZE: Final = 500
_OWNERS: Final = Owners(Database("postgresql://nowhere", name="nowhere"))
_SMALL: Final = {"session_id": named("session", 20_000)}
_HUNDRED: Final = range(1, 101)
_USERS, _KEYS = [named("user", number) for number in _HUNDRED], [f"key-{number - 1}" for number in _HUNDRED]
_RUNS: Final = [named("run", 100_000 + number) for number in _HUNDRED]
SCAN_STATEMENTS: Final = statements_of(
    event_scan(_SIZE, catalog=True), event_scan(_SIZE, catalog=False), pin_scan(_SIZE), message_scan(_SIZE), run_scan(_SIZE),
    share_scan(_SIZE), SessionScan(_OWNERS, _SIZE), KeyScan(_OWNERS, _SIZE),
)


def _scanned(
    area: str, kind: str, *, after: Mapping[str, object], again: list[str] | None = None, each: int = 3
) -> dict[str, Sample]:
    """Return the samples of a scan's readings: two look at some rows for each row, one at the last row."""
    keys = again or [named(kind, number) for number in _HUNDRED]
    return {
        f"consistency.scan_{area}": Sample({f"after_{name}": value for name, value in after.items()}, most=each * _SIZE),
        f"consistency.read_{area}": Sample({"keys": keys}, most=each * 100),
        f"consistency.last_of_{area}": Sample({}),
    }


CONSISTENCY_SAMPLES: Final[Mapping[str, Sample]] = {
    **_scanned("sessions", "session", after={"id": named("session", 30_000)}),
    **_scanned("messages", "message", after={"session_id": named("session", 1), "seq": 25_000}),
    **_scanned("runs", "run", after={"id": named("run", 3_000_000_001)}, again=_RUNS, each=2 * NODES),
    **_scanned("shares", "share", after={"id": named("share", 20_000)}, again=[named("share", 20_000 + n) for n in _HUNDRED]),
    **_scanned("outbox", "event", after={"id": named("event", 10_000)}),
    **_scanned("shard_pins", "user", after={"user_id": ""}),
    **_scanned("idempotency_keys", "user", after={"owner_id": named("user", 10_000), "key": ""}, again=_USERS[:10]),
    "consistency.read_these_keys": Sample({"owners": _USERS, "names": _KEYS}, most=300),
    "consistency.known_users": Sample({"ids": _USERS}, most=200),
    "consistency.known_agents": Sample({"ids": [named("agent", number) for number in _HUNDRED]}, most=100),
    "consistency.find_session": Sample(_SMALL),
    "consistency.number_messages": Sample(_SMALL, most=20),
    "consistency.list_open_runs": Sample(_SMALL, most=20),
    "consistency.remove_messages": Sample({"the_id": named("message", 7)}),
    "consistency.remove_runs": Sample({"the_id": named("run", 100_007)}),
    "consistency.remove_shares": Sample({"the_id": named("share", 20_000)}),
    "consistency.expedite_in_catalog": Sample({"the_id": EVENTS[0]}),
    "consistency.expedite_in_shard": Sample({"the_id": EVENTS[0]}),
    "consistency.find_map": Sample({}, most=20),
    "consistency.list_moves": Sample({}),
    "consistency.list_pins": Sample({}),
    "consistency.find_amcheck": Sample({}, most=100),
    "consistency.list_indexes": Sample({"schema": "shard"}, most=1_000),
}
