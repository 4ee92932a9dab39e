"""Strategies of sharding: on which shard an owner's things are."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from adapters.postgres.tables import SHARD_MAPS, SHARD_PINS
from domain.shared.identifiers import UserId, bucket_of
from domain.shared.shard_map import ShardMap

Strategy = Literal["buckets", "directory"]
_NEWEST: Final = Statement(
    select(SHARD_MAPS.c.version, SHARD_MAPS.c.shards, SHARD_MAPS.c.moving).order_by(SHARD_MAPS.c.version.desc()).limit(1),
    "shard_maps.find_newest",
)
_FIRST: Final = Statement(
    insert(SHARD_MAPS).values(version=bindparam("version"), shards=bindparam("shards")).on_conflict_do_nothing(),
    "shard_maps.add_first",
)
_PINS: Final = Statement(select(SHARD_PINS.c.user_id, SHARD_PINS.c.shard), "shard_pins.list")


class ShardRouting(Protocol):
    """One answer for all that an owner has, good until the next version."""

    @property
    @abstractmethod
    def version(self) -> int:
        """Return the version of the shard map that this goes by."""

    @property
    @abstractmethod
    def highest(self) -> int:
        """Return the highest shard that anybody is sent to."""

    @abstractmethod
    def shard_of(self, owner_id: str) -> int:
        """Return the shard that holds what the owner has."""

    @abstractmethod
    def is_leaving(self, owner_id: str) -> bool:
        """Tell whether what the owner has may be leaving that shard just now."""

    @abstractmethod
    def owners_apart(self, bucket: int) -> Sequence[UserId]:
        """Return the owners of a bucket who may be on another shard than the rest of it."""


@dataclass(frozen=True, slots=True)
class BucketRouting(ShardRouting):
    """The bucket that the identifier carries decides."""

    shard_map: ShardMap

    @property
    def version(self) -> int:
        """Return the map's version."""
        return self.shard_map.version

    @property
    def highest(self) -> int:
        """Return the highest shard of the map."""
        return max(self.shard_map.shards)

    def shard_of(self, owner_id: str) -> int:
        """Look the bucket up."""
        return self.shard_map.shards[bucket_of(owner_id)]

    def is_leaving(self, owner_id: str) -> bool:
        """Tell whether the bucket is moving."""
        moving = self.shard_map.moving
        return bool(moving) and bucket_of(owner_id) in moving

    def owners_apart(self, bucket: int) -> Sequence[UserId]:
        """Return nobody."""
        return ()


@dataclass(frozen=True, slots=True)
class DirectoryRouting(ShardRouting):
    """Named owners have a shard of their choice; for everybody else the bucket decides."""

    buckets: BucketRouting
    pins: Mapping[UserId, int] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """Return the map's version."""
        return self.buckets.version

    @property
    def highest(self) -> int:
        """Return the highest shard of map and pins."""
        return max(self.buckets.highest, *self.pins.values(), 0)

    def shard_of(self, owner_id: str) -> int:
        """Look the owner up, then the bucket."""
        pinned = self.pins.get(UserId(owner_id))
        return self.buckets.shard_of(owner_id) if pinned is None else pinned

    def is_leaving(self, owner_id: str) -> bool:
        """Tell whether the bucket is moving; who is pinned stays."""
        return UserId(owner_id) not in self.pins and self.buckets.is_leaving(owner_id)

    def owners_apart(self, bucket: int) -> Sequence[UserId]:
        """Return who is pinned."""
        return [owner_id for owner_id in self.pins if bucket_of(owner_id) == bucket]


async def _by_bucket(catalog: Database, shard_count: int) -> ShardRouting:
    return BucketRouting(await load_or_create_map(catalog, shard_count))


async def _by_directory(catalog: Database, shard_count: int) -> ShardRouting:
    buckets = BucketRouting(await load_or_create_map(catalog, shard_count))
    return DirectoryRouting(buckets, {row["user_id"]: row["shard"] for row in await catalog.rows(_PINS)})


LOADERS: Final[Mapping[Strategy, Callable[[Database, int], Awaitable[ShardRouting]]]] = {
    "buckets": _by_bucket, "directory": _by_directory,
}


async def load_or_create_map(catalog: Database, shard_count: int) -> ShardMap:
    """Return the newest stored map; in a new catalog store an even one first (of several nodes, one wins)."""
    row = await catalog.row(_NEWEST)
    if row is None:
        first = ShardMap.even(shard_count)
        await catalog.take(_FIRST, version=first.version, shards=list(first.shards))
        row = await catalog.row(_NEWEST)
        if row is None:
            return first
    return ShardMap(row["version"], tuple(row["shards"]), frozenset(row["moving"]))
