"""Splitting a purge."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from adapters.edge.batches import batches

KEYS = st.lists(st.text("abc", min_size=1, max_size=9), max_size=60)


@given(KEYS, st.integers(1, 7), st.integers(9, 40))
def test_every_key_is_in_one_batch_within_the_limits(keys: list[str], most: int, longest: int) -> None:
    split = batches(keys, most, longest)
    assert sorted(key for batch in split for key in batch) == sorted(set(keys))
    assert all(0 < len(batch) <= most and len(" ".join(batch)) <= longest for batch in split)


@given(KEYS, st.integers(1, 7), st.randoms())
def test_the_same_keys_in_any_order_are_the_same_batches(keys: list[str], most: int, random: Random) -> None:
    other = list(keys)
    random.shuffle(other)
    assert batches(keys, most) == batches(other, most)


def test_there_are_no_more_batches_than_needed() -> None:
    assert [len(batch) for batch in batches(map(str, range(10)), 4)] == [4, 4, 2]
    assert [len(batch) for batch in batches(["aaa", "bbb", "ccc"], 10, 7)] == [2, 1]
    assert batches([], 4) == []
