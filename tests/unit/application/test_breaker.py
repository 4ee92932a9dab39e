from application.circuit_breaker import CircuitBreaker
from tests.unit.caching.stored import HandClock


def broken(clock: HandClock) -> CircuitBreaker:
    breaker = CircuitBreaker(failures=3, rest=2.0, monotonic=clock)
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    assert not broken(HandClock()).allows()


def test_a_success_in_between_keeps_it_closed() -> None:
    breaker = CircuitBreaker(failures=3, monotonic=HandClock())
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.allows()


def test_after_a_rest_it_lets_one_trial_through() -> None:
    clock = HandClock()
    breaker = broken(clock)
    clock.now += 1.9
    assert not breaker.allows()
    clock.now += 0.1
    assert [breaker.allows() for _ in range(3)] == [True, False, False]


def test_a_successful_trial_closes_it() -> None:
    clock = HandClock()
    breaker = broken(clock)
    clock.now += 2
    assert breaker.allows()
    breaker.succeeded()
    assert [breaker.allows() for _ in range(3)] == [True, True, True]


def test_a_failed_trial_begins_another_rest() -> None:
    clock = HandClock()
    breaker = broken(clock)
    clock.now += 2
    assert breaker.allows()
    breaker.failed()
    clock.now += 1.9
    assert not breaker.allows()
    clock.now += 0.1
    assert breaker.allows()


def test_a_trial_that_hung_for_longer_than_the_rest_is_followed_by_a_rest_too() -> None:
    clock = HandClock()
    breaker = broken(clock)
    clock.now += 2
    assert breaker.allows()
    clock.now += 6
    breaker.failed()
    assert not breaker.allows()


def test_a_trial_that_nobody_ends_is_followed_by_another() -> None:
    clock = HandClock()
    breaker = broken(clock)
    for _ in range(3):
        clock.now += 2
        assert breaker.allows()
        assert not breaker.allows()
