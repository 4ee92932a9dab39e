"""Which shard holds a bucket."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from domain.shared.identifiers import BUCKETS


@dataclass(frozen=True, slots=True)
class ShardMap:
    """A versioned assignment: `shards[bucket]` is the index of the shard that holds the bucket.

    The buckets in `moving` are about to leave: who reads one looks whether it is still there.
    """

    version: int
    shards: tuple[int, ...]
    moving: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if len(self.shards) != BUCKETS:
            raise ValueError(f"a shard map assigns {BUCKETS} buckets, not {len(self.shards)}")

    def shard_of(self, bucket: int) -> int:
        """Return the index of the shard that holds `bucket`."""
        return self.shards[bucket]

    def buckets_of(self, shard: int) -> tuple[int, ...]:
        """Return the buckets that a shard holds, in order."""
        return tuple(bucket for bucket, holder in enumerate(self.shards) if holder == shard)

    def announcing(self, buckets: Collection[int]) -> "ShardMap":
        """Return the next version, in which these buckets are about to leave."""
        return replace(self, version=self.version + 1, moving=frozenset(buckets))

    def moved(self, buckets: Collection[int], target: int) -> "ShardMap":
        """Return the next version, in which `target` holds these buckets and none is moving."""
        shards = tuple(target if bucket in buckets else holder for bucket, holder in enumerate(self.shards))
        return ShardMap(self.version + 1, shards)

    @classmethod
    def even(cls, shard_count: int, *, version: int = 1) -> "ShardMap":
        """Return a map that gives each shard one equal run of neighbouring buckets."""
        return cls(version, tuple(bucket * shard_count // BUCKETS for bucket in range(BUCKETS)))
