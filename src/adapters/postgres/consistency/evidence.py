"""Reading everything, batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import bindparam, func, literal_column, select, text

from adapters.postgres.consistency.conversation import message_scan, run_scan
from adapters.postgres.consistency.indexes import index_facts, index_names
from adapters.postgres.consistency.keys import KeyScan
from adapters.postgres.consistency.outbox import event_scan, pin_scan
from adapters.postgres.consistency.owners import Owners
from adapters.postgres.consistency.scan import Scan
from adapters.postgres.consistency.sessions import SessionScan
from adapters.postgres.consistency.sharing import share_scan
from adapters.postgres.consistency.whereabouts import read_whereabouts
from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from adapters.postgres.tables import MESSAGES, RUNS, SESSIONS
from application.ports.consistency import Batch, Cursor, Evidence, Kind, Numbering, Turns
from domain.consistency.facts import Facts
from domain.consistency.whereabouts import Whereabouts
from domain.shared.identifiers import SessionId

_session: Final[Any] = bindparam("session_id")
_NUMBERING: Final = Statement(
    select(
        func.count().label("count"), func.coalesce(func.min(MESSAGES.c.seq), text("0")).label("first"),
        func.coalesce(func.max(MESSAGES.c.seq), text("0")).label("last"),
    ).where(MESSAGES.c.session_id == _session),
    "consistency.number_messages",
)
_TURNS: Final = Statement(
    select(RUNS.c.id, RUNS.c.status).where(RUNS.c.session_id == _session, text("status IN ('streaming', 'queued')"))
    .order_by(RUNS.c.message_seq),
    "consistency.list_open_runs",
)
_HOLDS: Final = Statement(select(literal_column("1")).where(SESSIONS.c.id == _session), "consistency.find_session")


@dataclass(frozen=True, slots=True)
class CheckedDatabases:
    """The catalog and the shards in their order; one database may be several of them."""

    catalog: Database
    shards: Sequence[Database]

    def of(self, shard: int | None) -> Database:
        """Return a shard, or the catalog."""
        return self.catalog if shard is None else self.shards[shard]

    def first_of_same(self, shard: int) -> int:
        """Return the first number of the shard's database; of a shard that is not there, its own."""
        return self.shards.index(self.shards[shard]) if 0 <= shard < len(self.shards) else shard


class PostgresEvidence(Evidence):
    """Reads `size` rows at a time; with a `directory` pins of owners count."""

    def __init__(self, databases: CheckedDatabases, *, size: int, directory: bool) -> None:
        self._databases, self._directory = databases, directory
        owners = Owners(databases.catalog)
        self._catalog_scans: dict[Kind, Scan] = {Kind.PINS: pin_scan(size), Kind.EVENTS: event_scan(size, catalog=True)}
        self._shard_scans: dict[Kind, Scan] = {
            Kind.EVENTS: event_scan(size, catalog=False), Kind.RUNS: run_scan(size), Kind.MESSAGES: message_scan(size),
            Kind.SHARES: share_scan(size), Kind.SESSIONS: SessionScan(owners, size), Kind.KEYS: KeyScan(owners, size),
        }

    async def whereabouts(self) -> Whereabouts:
        """Read them from the catalog; shards that are one database count as one."""
        databases = self._databases
        found = await read_whereabouts(databases.catalog, len(databases.shards), directory=self._directory)
        return replace(
            found, shards=tuple(map(databases.first_of_same, found.shards)),
            pins={user: databases.first_of_same(shard) for user, shard in found.pins.items()},
        )

    async def batch(self, kind: Kind, shard: int | None, after: Cursor | None) -> Batch:
        """Read on; of indexes one at a time."""
        database = self._databases.of(shard)
        if kind is Kind.INDEXES:
            return await _next_index(database, shard, after)
        scan = self._scan(kind, shard)
        rows, cursor = await scan.next(database, after)
        return Batch(await scan.facts(rows, -1 if shard is None else shard), cursor)

    async def again(self, kind: Kind, shard: int | None, keys: Sequence[str]) -> Sequence[Facts]:
        """Read these."""
        database = self._databases.of(shard)
        if kind is Kind.INDEXES:
            return [await index_facts(database, name) for name in keys]
        scan = self._scan(kind, shard)
        return await scan.facts(await scan.again(database, keys), -1 if shard is None else shard)

    async def numbering(self, shard: int, session_id: SessionId) -> Numbering:
        """Count them."""
        [row] = await self._databases.of(shard).rows(_NUMBERING, session_id=session_id)
        return Numbering(row["count"], row["first"], row["last"])

    async def turns(self, shard: int, session_id: SessionId) -> Turns:
        """Read the runs that stream, and those that wait."""
        rows = await self._databases.of(shard).rows(_TURNS, session_id=session_id)
        streaming = [row["id"] for row in rows if row["status"] == "streaming"]
        return Turns(streaming, [row["id"] for row in rows if row["status"] == "queued"])

    async def holds(self, session_id: SessionId) -> bool:
        """Look everywhere."""
        shards = dict.fromkeys(self._databases.shards)
        return any([await shard.row(_HOLDS, session_id=session_id) is not None for shard in shards])

    def _scan(self, kind: Kind, shard: int | None) -> Scan:
        return (self._catalog_scans if shard is None else self._shard_scans)[kind]


async def _next_index(database: Database, shard: int | None, after: Cursor | None) -> Batch:
    names = await index_names(database, "catalog" if shard is None else "shard")
    rest = [name for name in names if after is None or name > str(after[0])]
    if not rest:
        return Batch([], None)
    return Batch([await index_facts(database, rest[0])], (rest[0],))
