from datetime import UTC, timedelta

from adapters.memory.clock import HandClock


def test_it_stands_still_until_it_is_moved(clock: HandClock) -> None:
    before = clock.now()
    assert (clock.now(), clock.monotonic(), before.tzinfo) == (before, 0.0, UTC)
    clock.advance(1.5)
    assert clock.now() - before == timedelta(seconds=1.5)
    assert clock.monotonic() == 1.5


def test_two_clocks_are_moved_apart(clock: HandClock) -> None:
    other = HandClock()
    clock.advance(1)
    assert clock.now() - other.now() == timedelta(seconds=1)
