"""Maps that follow one another while buckets move."""

from hypothesis import given
from hypothesis import strategies as st

from domain.shared.identifiers import BUCKETS
from domain.shared.shard_map import ShardMap

buckets = st.frozensets(st.integers(0, BUCKETS - 1), min_size=1, max_size=50)


@given(buckets)
def test_what_is_announced_stays_where_it_is_under_the_next_version(leaving: frozenset[int]) -> None:
    before = ShardMap.even(3)
    announced = before.announcing(leaving)
    assert (announced.version, announced.shards, announced.moving) == (before.version + 1, before.shards, leaving)


@given(buckets, st.integers(0, 5))
def test_what_moved_is_at_its_target_and_all_else_where_it_was(moving: frozenset[int], target: int) -> None:
    before = ShardMap.even(3)
    after = before.announcing(moving).moved(moving, target)
    assert (after.version, after.moving) == (before.version + 2, frozenset())
    for bucket in range(BUCKETS):
        assert after.shard_of(bucket) == (target if bucket in moving else before.shard_of(bucket))


@given(st.integers(1, 9))
def test_the_shards_share_all_buckets_among_them(count: int) -> None:
    shard_map = ShardMap.even(count)
    held = [bucket for shard in range(count) for bucket in shard_map.buckets_of(shard)]
    assert sorted(held) == list(range(BUCKETS))
