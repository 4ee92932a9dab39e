"""Where an owner's statements go: to the shard that holds the bucket, also while the bucket moves to another."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, func, literal_column, select

from adapters.postgres.database import BucketFenced, Database
from adapters.postgres.replicas import Replicas
from adapters.postgres.routing import ShardRouting
from adapters.postgres.statement import Change, Statement
from adapters.postgres.tables import FENCES, SHARD_MAPS
from application.freshness import Freshness, Tolerance
from domain.shared.errors import Unavailable
from domain.shared.identifiers import bucket_of

# So long may a node go by its map without asking; a node that announces its map asks several times in this while.
TRUSTED_SECONDS: Final = 4.0
_PATIENCE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.02
# So long does a move wait after everybody knows of it, for what was sent out before; a slower reading looks again.
SLOW_SECONDS: Final = 2.0
# Right after a move the replicas of the new home may not have what came; none is further behind than this.
SETTLING_SECONDS: Final = 10.0
_FENCED: Final = Statement(
    select(literal_column("1")).where(FENCES.c.bucket == bindparam("bucket")), "fences.find"
)
_VERSION: Final = Statement(select(func.max(SHARD_MAPS.c.version).label("version")), "shard_maps.read_version")
_log = logging.getLogger(__name__)


class ShardsMissing(Exception):
    """The catalog's shard map names shards that the settings have no database for."""


class Placement:
    """The routing over the databases, which stand in shard order; `reload` reads the routing anew from the catalog.

    A fence is waited at for `patience` seconds.
    """

    def __init__(
        self, routing: ShardRouting, databases: Sequence[Database], *, catalog: Database | None = None,
        reload: Callable[[], Awaitable[ShardRouting]] | None = None, replicas: Mapping[int, Replicas] | None = None,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        require_databases(routing, len(databases))
        self.databases, self.routing = tuple(databases), routing
        self.replicas, self.patience = replicas or {}, patience
        self._catalog, self._reload = catalog, reload
        self.trusted_until = self._replicas_after = float("-inf")
        self._trust(time.monotonic())

    @property
    def version(self) -> int:
        """Return the version of the map that this process goes by."""
        return self.routing.version

    def of(self, owner_id: str, freshness: Freshness = Tolerance.FRESH) -> "OwnerShard":
        """Return the shard of all that an owner has."""
        return OwnerShard(self, owner_id, freshness)

    def homes_of(self, identifier: str) -> Iterator["OwnerShard"]:
        """Yield the shards where a thing may be whose owner is not known, the most likely first; each is read as it is now."""
        yield self.of(identifier)
        for owner_id in self.routing.owners_apart(bucket_of(identifier)):
            yield self.of(owner_id)

    def replicas_for(self, number: int) -> Replicas | None:
        """Return the replicas of a shard that may be read from now, if there are any."""
        return self.replicas.get(number) if time.monotonic() > self._replicas_after else None

    async def refresh(self) -> None:
        """Take the newest map; while the catalog is away nothing moves, so the old one stays good."""
        if self._catalog is None or self._reload is None:
            return
        began = time.monotonic()
        try:
            row = await self._catalog.row(_VERSION)
            if row is not None and row["version"] != self.routing.version:
                self._adopt(await self._reload())
        except Unavailable:
            self.trusted_until = time.monotonic() + 1
        except ShardsMissing as missing:
            _log.error("the newest shard map cannot be followed", extra={"reason": str(missing)})
        else:
            self._trust(began)

    async def outdated(self, routing: ShardRouting) -> bool:
        """Read the map anew, and tell whether it has changed under a reading that took long."""
        await self.refresh()
        return self.routing.version != routing.version

    async def newer_than(self, version: int, deadline: float) -> None:
        """Wait for a newer map, a moment at most; Unavailable past the deadline."""
        await self.refresh()
        if self.routing.version == version:
            if time.monotonic() > deadline:
                raise Unavailable("What you asked for is being moved.")
            await asyncio.sleep(_PAUSE_SECONDS)

    def _adopt(self, routing: ShardRouting) -> None:
        require_databases(routing, len(self.databases))
        if routing.version <= self.routing.version:  # of two who read the map at once, the slower one may bring the older
            return
        self.routing = routing
        self._replicas_after = time.monotonic() + SETTLING_SECONDS

    def _trust(self, since: float) -> None:
        self.trusted_until = since + TRUSTED_SECONDS if self._reload else float("inf")


class OwnerShard:
    """Runs one owner's statements where the owner's rows are, at each moment of a move."""

    __slots__ = ("_freshness", "_owner_id", "_placement")

    def __init__(self, placement: Placement, owner_id: str, freshness: Freshness) -> None:
        self._placement, self._owner_id, self._freshness = placement, owner_id, freshness

    async def rows(self, statement: Statement, /, **values: Any) -> Sequence[Mapping[str, Any]]:
        """Return all rows of a reading."""
        placement, owner_id, began = self._placement, self._owner_id, time.monotonic()
        deadline = began + placement.patience
        if began > placement.trusted_until:
            await placement.refresh()
        while True:
            routing = placement.routing
            leaving = routing.is_leaving(owner_id)
            if self._freshness is not Tolerance.FRESH and not leaving:
                found = await self._from_replica(routing, statement, values)
                if found is not None:
                    return found
            database = placement.databases[routing.shard_of(owner_id)]
            rows = await database.rows(statement, **values)
            # A fence stands before anything is changed elsewhere: where there is none, what was read was true.
            now = time.monotonic()
            if leaving and await database.row(_FENCED, bucket=bucket_of(owner_id)) is not None:
                await placement.newer_than(routing.version, deadline)
            elif leaving or now - began < SLOW_SECONDS or not await placement.outdated(routing):
                return rows
            began = now

    async def row(self, statement: Statement, /, **values: Any) -> Mapping[str, Any] | None:
        """Return the first row of a reading, or None."""
        rows = await self.rows(statement, **values)
        return rows[0] if rows else None

    async def write(self, changes: Sequence[Change], schema: str) -> None:
        """Make all changes or none, in one statement; where a fence stands nothing is made, and the new home is waited for."""
        placement, now = self._placement, time.monotonic()
        deadline = now + placement.patience
        if now > placement.trusted_until:
            await placement.refresh()
        while True:
            routing = placement.routing
            try:
                return await placement.databases[routing.shard_of(self._owner_id)].write(changes, schema)
            except BucketFenced:
                await placement.newer_than(routing.version, deadline)

    async def _from_replica(
        self, routing: ShardRouting, statement: Statement, values: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]] | None:
        number = routing.shard_of(self._owner_id)
        replicas = self._placement.replicas_for(number)
        if replicas is None:
            return None
        freshness = self._freshness
        if isinstance(freshness, Tolerance):
            return await replicas.read(statement, values, reached=0)
        if freshness.pending or (freshness.map_version, freshness.shard) != (routing.version, number):
            return None
        return await replicas.read(statement, values, reached=freshness.reached)


def require_databases(routing: ShardRouting, count: int) -> None:
    """Return if there is a database for every shard that the routing names; ShardsMissing if not."""
    if routing.highest >= count:
        raise ShardsMissing(f"The shard map needs {routing.highest + 1} shards and ONELAST_SHARD_DSNS has {count}.")
