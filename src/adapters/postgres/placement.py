"""Which database holds what an identifier names."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from adapters.postgres.tables import SHARD_MAPS
from domain.shared.identifiers import bucket_of
from domain.shared.shard_map import ShardMap

_NEWEST: Final = Statement(select(SHARD_MAPS.c.version, SHARD_MAPS.c.shards).order_by(SHARD_MAPS.c.version.desc()).limit(1))
_FIRST: Final = Statement(
    insert(SHARD_MAPS).values(version=bindparam("version"), shards=bindparam("shards")).on_conflict_do_nothing()
)


class ShardsMissing(Exception):
    """The catalog's shard map names shards that the settings have no database for."""


class Placement:
    """The shard map over the databases, which stand in shard order."""

    def __init__(self, shard_map: ShardMap, databases: Sequence[Database]) -> None:
        needed = max(shard_map.shards) + 1
        if needed > len(databases):
            raise ShardsMissing(f"The shard map needs {needed} shards and ONELAST_SHARD_DSNS has {len(databases)}.")
        self.databases = tuple(databases)
        self._map = shard_map

    def of(self, identifier: str) -> Database:
        """Return the database of an identifier's bucket."""
        return self.databases[self._map.shard_of(bucket_of(identifier))]


async def load_or_create_map(catalog: Database, shard_count: int) -> ShardMap:
    """Return the newest stored map; in a new catalog store an even one first (of several nodes, one wins)."""
    row = await catalog.row(_NEWEST)
    if row is None:
        first = ShardMap.even(shard_count)
        await catalog.take(_FIRST, version=first.version, shards=list(first.shards))
        row = await catalog.row(_NEWEST)
        if row is None:
            return first
    return ShardMap(row["version"], tuple(row["shards"]))
