"""Which shard holds a bucket."""

from dataclasses import dataclass

from domain.shared.identifiers import BUCKETS


@dataclass(frozen=True, slots=True)
class ShardMap:
    """A versioned assignment: `shards[bucket]` is the index of the shard that holds the bucket."""

    version: int
    shards: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.shards) != BUCKETS:
            raise ValueError(f"a shard map assigns {BUCKETS} buckets, not {len(self.shards)}")

    def shard_of(self, bucket: int) -> int:
        """Return the index of the shard that holds `bucket`."""
        return self.shards[bucket]

    @classmethod
    def even(cls, shard_count: int, *, version: int = 1) -> "ShardMap":
        """Return a map that gives each shard one equal run of neighbouring buckets."""
        return cls(version, tuple(bucket * shard_count // BUCKETS for bucket in range(BUCKETS)))
