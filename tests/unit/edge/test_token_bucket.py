"""A vendor's limit, kept on our side."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.edge.token_bucket import TokenBucket
from tests.unit.caching.stored import HandClock

STEPS = st.lists(st.one_of(st.integers(1, 5), st.floats(0.01, 3.0)), max_size=100)


@given(STEPS)
def test_never_is_more_taken_than_was_there_and_came(steps: list[int | float]) -> None:
    clock = HandClock()
    bucket, began, taken = TokenBucket(5, 2.0, clock), clock.now, 0
    for step in steps:
        if isinstance(step, int):
            taken += step if not bucket.take(step) else 0
        else:
            clock.now += step
        assert taken <= 5 + (clock.now - began) * 2.0 + 1e-6


@given(STEPS)
def test_after_the_wait_it_told_there_is_enough(steps: list[int | float]) -> None:
    clock = HandClock()
    bucket = TokenBucket(5, 2.0, clock)
    for step in steps:
        if isinstance(step, int):
            if wait := bucket.take(step):
                clock.now += wait + 1e-6
                assert bucket.take(step) == 0
        else:
            clock.now += step


def test_nothing_is_paid_for_what_was_not_given() -> None:
    clock = HandClock()
    bucket = TokenBucket(5, 1.0, clock)
    assert bucket.take(3) == 0
    assert bucket.take(3) == 1
    assert bucket.take(2) == 0


def test_it_holds_no_more_than_its_size() -> None:
    clock = HandClock()
    bucket = TokenBucket(5, 1.0, clock)
    clock.now += 1000
    assert bucket.take(5) == 0
    assert bucket.take(1) == 1


def test_a_shut_bucket_gives_nothing_until_it_opens() -> None:
    clock = HandClock()
    bucket = TokenBucket(5, 1.0, clock)
    bucket.shut(10)
    bucket.shut(3)
    assert bucket.take(1) == 10
    clock.now += 10
    assert bucket.take(1) == 0
