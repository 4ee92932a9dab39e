"""Second tries are a share of the first ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.models.retry_budget import RetryBudget
from adapters.models.router import ModelRouter
from application.circuit_breaker import CircuitBreaker
from tests.unit.caching.stored import HandClock
from tests.unit.models.hearing import KEPT, SEA, SKY, asking, hear, saying

STEPS = st.lists(st.one_of(st.just("earn"), st.just("spend"), st.floats(0.01, 3.0)), max_size=200)


@given(STEPS)
def test_no_more_is_spent_than_is_earned_and_reserved(steps: list[str | float]) -> None:
    clock = HandClock()
    budget, began = RetryBudget(share=0.5, reserve=2.0, seconds=5.0, monotonic=clock), clock.now
    earned = spent = 0
    for step in steps:
        if step == "earn":
            budget.earn()
            earned += 1
        elif step == "spend":
            spent += budget.spend()
        else:
            clock.now += float(step)
        assert spent <= 0.5 * earned + 2.0 * (5.0 + clock.now - began) + 1e-6


@pytest.mark.parametrize("pause", [0.1, 0.25, 1.0])
def test_as_many_a_second_as_are_reserved_are_always_allowed(pause: float) -> None:
    clock = HandClock()
    budget = RetryBudget(share=0.0, reserve=10.0, monotonic=clock)
    for _ in range(1_000):
        assert budget.spend()
        clock.now += pause + 1e-9


def test_ten_requests_earn_one() -> None:
    budget = RetryBudget(share=0.1, reserve=0.1, monotonic=HandClock())
    assert [budget.spend() for _ in range(2)] == [True, False]
    for _ in range(11):
        budget.earn()
    assert [budget.spend() for _ in range(2)] == [True, False]


def test_what_is_not_spent_is_not_kept_for_ever() -> None:
    clock = HandClock()
    budget = RetryBudget(share=1.0, reserve=1.0, seconds=3.0, monotonic=clock)
    for _ in range(100):
        budget.earn()
    clock.now += 100
    assert [budget.spend() for _ in range(4)] == [True, True, True, False]


def one_token() -> RetryBudget:
    """Return a budget of one token that earns nothing."""
    return RetryBudget(share=0.0, reserve=1.0, seconds=1.0, monotonic=HandClock())


async def test_without_budget_the_failure_is_told_and_nobody_else_is_asked() -> None:
    second = saying(SKY)
    router = ModelRouter([saying(SEA, fail_at=0), second], budget=one_token())
    assert [(await hear(router)).text for _ in range(3)] == ["a sky burns ", "", ""]
    assert (len(second.requests), str((await hear(router)).failure)) == (1, "the script fails at token 0")


async def test_a_reply_under_way_goes_on_once_without_budget() -> None:
    budget = one_token()
    assert budget.spend()
    second, third = saying(SEA, fail_at=2, continues=True), saying(SEA, continues=True)
    heard = await hear(ModelRouter([saying(SEA, fail_at=1), second, third], budget=budget))
    assert (heard.chunks, heard.failure is None) == (["the ", KEPT, "sea "], False)
    assert third.requests == []


async def test_a_general_outage_does_not_multiply_the_load() -> None:
    providers = [saying(SEA, fail_at=0) for _ in range(4)]
    budget = RetryBudget(share=0.1, reserve=10.0, seconds=10.0, monotonic=HandClock())
    router = ModelRouter(providers, new_breaker=lambda: CircuitBreaker(failures=10**9), budget=budget)
    for _ in range(2_000):
        assert (await hear(router)).failure is not None
    second_tries = sum(len(provider.requests) for provider in providers) - 2_000
    assert 290 <= second_tries <= 0.1 * 2_000 + 10 * 10


async def test_a_provider_that_loses_all_its_replies_at_once_loses_none_of_them() -> None:
    first = saying(SEA, hang_at=1, fail_at=2)
    router = ModelRouter([first, saying(SEA, continues=True)], budget=one_token())
    streams = [router.stream(asking()) for _ in range(300)]
    assert [await anext(stream) for stream in streams] == ["the "] * 300
    first.release()
    for stream in streams:
        assert [chunk async for chunk in stream] == ["sea ", KEPT, "sings "]
