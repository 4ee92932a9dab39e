"""The plan that makes shards even."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from domain.shared.rebalancing import loads_after, plan_relocations

Case = tuple[list[int], list[float], int]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return where some buckets are, what they weigh, and how many shards there are (some of them empty)."""
    count = draw(st.integers(1, 5))
    size = draw(st.integers(1, 60))
    shards = draw(st.lists(st.integers(0, count - 1), min_size=size, max_size=size))
    weights = draw(st.lists(st.integers(0, 50).map(float), min_size=size, max_size=size))
    return shards, weights, count


@given(cases())
def test_each_bucket_moves_once_at_most_from_where_it_is_to_another_shard(case: Case) -> None:
    shards, weights, count = case
    plan = plan_relocations(shards, weights, count)
    moved = Counter(bucket for one in plan for bucket in one.buckets)
    assert set(moved.values()) <= {1}
    for one in plan:
        assert one.source != one.target
        assert 0 <= one.target < count
        assert {shards[bucket] for bucket in one.buckets} == {one.source}
        assert list(one.buckets) == sorted(one.buckets)
        assert all(weights[bucket] > 0 for bucket in one.buckets), "what weighs nothing need not move"


@given(cases())
def test_nothing_is_lost_and_the_fullest_and_the_emptiest_are_no_further_apart_than_a_bucket(case: Case) -> None:
    shards, weights, count = case
    plan = plan_relocations(shards, weights, count, tolerance=0)
    before, after = loads_after(shards, weights, count, ()), loads_after(shards, weights, count, plan)
    assert sum(after) == sum(before)
    assert max(after) - min(after) <= max(0, *weights)
    assert max(after) - min(after) <= max(before) - min(before)


@given(cases())
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(case: Case) -> None:
    shards, weights, count = case
    plan = plan_relocations(shards, weights, count)
    moved = {bucket: one.target for one in plan for bucket in one.buckets}
    now = [moved.get(bucket, shard) for bucket, shard in enumerate(shards)]
    again = plan_relocations(now, weights, count)
    assert max(loads_after(now, weights, count, again)) >= max(loads_after(now, weights, count, ())) - max(weights)
    if max(loads_after(now, weights, count, ())) - min(loads_after(now, weights, count, ())) == 0:
        assert again == ()


@given(st.integers(1, 6), st.integers(1, 40))
def test_where_all_are_equal_nothing_moves(count: int, each: int) -> None:
    assert plan_relocations([bucket % count for bucket in range(count * each)], [1.0] * (count * each), count) == ()


@given(cases())
def test_of_equal_buckets_no_more_move_than_must(case: Case) -> None:
    shards, _, count = case
    size = len(shards)
    plan = plan_relocations(shards, [1.0] * size, count, tolerance=0)
    held, least = Counter(shards), size // count
    surplus = sum(max(0, held[shard] - least) for shard in range(count)) - size % count
    spare = min(size % count, sum(held[shard] > least for shard in range(count)))
    assert sum(len(one.buckets) for one in plan) == surplus + size % count - spare


@given(cases(), st.data())
def test_fixed_buckets_stay(case: Case, data: st.DataObject) -> None:
    shards, weights, count = case
    fixed = data.draw(st.sets(st.integers(0, len(shards) - 1)))
    assert not fixed & {bucket for one in plan_relocations(shards, weights, count, fixed=fixed) for bucket in one.buckets}


def test_a_new_shard_gets_its_part_in_few_heavy_buckets() -> None:
    shards, weights = [0] * 10, [100.0, 1, 1, 1, 1, 1, 1, 1, 1, 92.0]
    (one,) = plan_relocations(shards, weights, 2)
    assert (one.source, one.target, one.buckets) == (0, 1, (0,))
