"""Which shard holds a bucket."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.identifiers import BUCKETS
from domain.shared.shard_map import ShardMap


@given(st.integers(1, 64))
def test_an_even_map_gives_each_shard_one_run_of_neighbouring_buckets_of_equal_length(shards: int) -> None:
    shard_map = ShardMap.even(shards)
    assigned = [shard_map.shard_of(bucket) for bucket in range(BUCKETS)]
    assert assigned == sorted(assigned)
    counts = Counter(assigned)
    assert sorted(counts) == list(range(shards))
    assert max(counts.values()) - min(counts.values()) <= 1


def test_a_map_is_asked_as_it_was_written() -> None:
    written = tuple(bucket % 3 for bucket in range(BUCKETS))
    shard_map = ShardMap(7, written)
    assert tuple(shard_map.shard_of(bucket) for bucket in range(BUCKETS)) == written
    assert shard_map.version == 7


@pytest.mark.parametrize("count", [0, 1, BUCKETS - 1, BUCKETS + 1])
def test_a_map_that_does_not_assign_every_bucket_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"assigns 4096 buckets, not {count}"):
        ShardMap(1, (0,) * count)
