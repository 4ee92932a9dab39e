"""Shards on servers of their own, several nodes over them, and a mover."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresRunLeases
from adapters.postgres.moving.journal import MoveJournal
from adapters.postgres.moving.mover import Mover
from adapters.postgres.moving.opening import Addresses, only_mover, sides_of
from adapters.postgres.moving.pace import Pace
from adapters.postgres.moving.preconditions import require_possible
from adapters.postgres.moving.work import Attendance
from adapters.postgres.placement import Placement
from adapters.postgres.routing import LOADERS, Strategy
from adapters.postgres.shard_readers import PostgresRunReader, PostgresSessionReader
from adapters.postgres.shards import PostgresShards
from adapters.postgres.share_reader import PostgresShareReader
from domain.shared.bucket_move import BucketMove
from domain.shared.identifiers import NodeId

# Every process here has a lease and waits for a connection for a tenth of a second.
BRISK = Pace(trusted=0.0, margin=0.3)
TABLES = ("sessions", "messages", "runs", "idempotency_keys", "shares")
entropy = MemoryEntropy(seed=20)


class Node:
    """What a process that serves has: pools, a placement, a lease that it renews, and the adapters over them."""

    def __init__(self, databases: Sequence[Database], placement: Placement) -> None:
        self.databases, self.placement = databases, placement
        self.id = NodeId(entropy.identifier("node", 0))
        self.leases = PostgresRunLeases(placement, self.id)
        self.shards = PostgresShards(placement, entropy)
        self.sessions, self.runs = PostgresSessionReader(placement), PostgresRunReader(placement)
        self.shares = PostgresShareReader(placement)
        self._renewing: asyncio.Task[None] | None = None

    async def wake(self) -> None:
        """Renew from now on."""
        await self.leases.renew()
        self._renewing = asyncio.create_task(self._renew())

    async def sleep(self) -> None:
        """Renew no more, as a process that stands still."""
        if self._renewing is not None:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing

    async def close(self) -> None:
        await self.sleep()
        await asyncio.gather(*(database.close() for database in self.databases))

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            await self.leases.renew()


@dataclass(frozen=True, slots=True)
class World:
    """The addresses, the catalog's first."""

    catalog: str
    shards: tuple[str, ...]

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.catalog, self.shards, self.shards)

    async def node(self, *, routing: Strategy = "buckets", shards: int | None = None) -> Node:
        """Return a node; nobody renews its lease yet."""
        catalog = Database(self.catalog, name="catalog", patience=2.0)
        databases = [Database(dsn, name=f"shard {number}", patience=2.0) for number, dsn in enumerate(self.shards[:shards])]
        load = partial(LOADERS[routing], catalog, len(databases))
        return Node([catalog, *databases], Placement(await load(), databases, catalog=catalog, reload=load, patience=15.0))

    @asynccontextmanager
    async def nodes(self, count: int) -> AsyncIterator[list[Node]]:
        """Run so many nodes."""
        async with AsyncExitStack() as stack:
            found = []
            for _ in range(count):
                node = await self.node()
                stack.push_async_callback(node.close)
                await node.wake()
                found.append(node)
            yield found

    async def move(
        self, buckets: Sequence[int], source: int, target: int, *, attendance: Attendance | None = None, pace: Pace = BRISK,
        directory: bool = False,
    ) -> Mover:
        """Move the buckets; return the mover that did."""
        move = BucketMove(entropy.identifier("move", 0), tuple(sorted(buckets)), source, target)
        async with only_mover(self.addresses) as catalog, sides_of(self.addresses, catalog, source, target) as sides:
            journal = MoveJournal(catalog)
            await require_possible(sides, journal, move, directory=directory)
            await journal.begin(move)
            mover = Mover(sides, move, attendance or Attendance(), pace)
            await mover.run()
        return mover

    async def resume(
        self, *, abort: bool = False, pace: Pace = BRISK, accept_gone: bool = False, attendance: Attendance | None = None
    ) -> Mover:
        """Go on with the open move, or take it back."""
        async with only_mover(self.addresses, within=20) as catalog:
            move = await MoveJournal(catalog).open_move()
            assert move is not None
            async with sides_of(self.addresses, catalog, move.source, move.target) as sides:
                mover = Mover(sides, move, attendance or Attendance(), pace, accept_gone=accept_gone)
                await (mover.abort() if abort else mover.run())
        return mover

    async def ask(self, shard: int | None, query: str, *arguments: Any) -> Any:
        """Return the one value that a query on a shard, or the catalog, gives."""
        connection = await asyncpg.connect(self.catalog if shard is None else self.shards[shard])
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    async def picture(self) -> dict[str, Any]:
        """Return all that a move could leave behind, and the rows of all shards."""
        found: dict[str, Any] = {"map": await self.ask(None, _MAP)}
        for number in range(len(self.shards)):
            for table in TABLES:
                rows = f"SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM shard.{table} t"
                found[f"{number} {table}"] = await self.ask(number, rows)
            found[f"{number} left"] = await self.ask(number, _LEFT)
            found[f"{number} fences"] = await self.ask(number, "SELECT array_agg(bucket ORDER BY bucket) FROM shard.fences")
        return found


_MAP = "SELECT md5(shards::text) || moving::text FROM catalog.shard_maps ORDER BY version DESC LIMIT 1"
_LEFT = """
SELECT array[
    (SELECT count(*) FROM pg_publication), (SELECT count(*) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
        WHERE d.datname = current_database()),
    (SELECT count(*) FROM pg_replication_slots WHERE database = current_database()),
    (SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%_unfenced' AND tgenabled <> 'D'),
    (SELECT count(*) FROM pg_class WHERE relnamespace = 'shard'::regnamespace AND relreplident = 'f'),
    (SELECT count(*) FROM shard.move_marks)
]::text
"""
