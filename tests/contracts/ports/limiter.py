"""What every limiter does; `limiter` and `other` are those of two nodes (or of one), and `later` lets time go by."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count

import pytest

from application.ports.limiter import Admission, Allowance, Limit, Limiter, Slot
from domain.analytics.usage import Spent
from domain.users.limits import Limits
from tests.support.builders import new_user_id

PLENTY = Limits(1_000_000, 10**9, 10**9, 1_000, 32_000, 1 << 20)
Later = Callable[[float], Awaitable[None]]
SetLedger = Callable[[Spent], None]
_numbers = count(1)


def allowed(monthly_budget: int = -1, **limits: int) -> Allowance:
    """Return what a new owner may take: plenty, but for these."""
    return Allowance(new_user_id(), replace(PLENTY, **limits), monthly_budget)


def slot(allowance: Allowance, tokens: int = 10) -> Slot:
    """Return a new slot of the owner's."""
    return Slot(allowance.owner_id, f"node.{next(_numbers)}", tokens)


async def passed(limiter: Limiter, allowance: Allowance, times: int) -> int:
    """Return how many of so many requests may pass."""
    return sum([(await limiter.admit(allowance)).refused is None for _ in range(times)])


async def streams(limiter: Limiter, allowance: Allowance, times: int) -> int:
    """Return how many of so many replies may begin, none of which ends."""
    return sum([(await limiter.admit(allowance, slot(allowance))).refused is None for _ in range(times)])


class LimiterSuite:
    async def test_a_minutes_requests_may_come_at_once_and_one_more_each_interval_on_whatever_node(
        self, limiter: Limiter, other: Limiter, later: Later
    ) -> None:
        allowance = allowed(requests_per_minute=6)
        assert await passed(limiter, allowance, 4) == 4
        assert await passed(other, allowance, 4) == 2
        refused = await limiter.admit(allowance)
        assert (refused.refused, refused.requests.limit, refused.requests.remaining) == (Limit.REQUESTS_PER_MINUTE, 6, 0)
        assert 9 < refused.retry_after <= 10
        assert 59 < refused.requests.reset <= 60
        await later(refused.retry_after + 0.01)
        assert await passed(other, allowance, 3) == 1
        await later(60)
        assert await passed(limiter, allowance, 8) == 6

    async def test_headers_tell_what_is_left_and_when_all_is_there_again(self, limiter: Limiter) -> None:
        allowance = allowed(requests_per_minute=3, tokens_per_day=1_000)
        first = await limiter.admit(allowance)
        assert (first.requests.limit, first.requests.remaining) == (3, 2)
        assert 19 < first.requests.reset <= 20
        assert (first.tokens.limit, first.tokens.remaining, first.tokens.reset) == (1_000, 1_000, 0)
        second = await limiter.admit(allowance, slot(allowance, 400))
        assert (second.requests.remaining, second.tokens.remaining) == (1, 600)
        assert 0 < second.tokens.reset <= 86_400

    async def test_a_days_requests_are_counted_and_told_once_they_are_what_ends_first(self, limiter: Limiter) -> None:
        allowance = allowed(requests_per_day=3)
        admissions = [await limiter.admit(allowance) for _ in range(4)]
        assert [one.refused for one in admissions] == [None, None, None, Limit.REQUESTS_PER_DAY]
        assert [one.requests.remaining for one in admissions] == [2, 1, 0, 0]
        assert {one.requests.limit for one in admissions} == {3}
        assert 0 < admissions[-1].retry_after <= 86_400

    async def test_streams_are_never_more_than_allowed_and_come_back_when_they_end(
        self, limiter: Limiter, other: Limiter
    ) -> None:
        allowance = allowed(concurrent_streams=2)
        held = slot(allowance)
        assert (await limiter.admit(allowance, held)).refused is None
        assert await streams(other, allowance, 3) == 1
        assert (await limiter.admit(allowance, slot(allowance))).refused is Limit.CONCURRENT_STREAMS
        assert (await limiter.admit(allowance)).refused is None
        limiter.release(held)
        assert await streams(limiter, allowance, 2) == 1

    async def test_a_refused_request_takes_nothing(self, limiter: Limiter) -> None:
        allowance = allowed(requests_per_minute=5, concurrent_streams=1)
        assert await streams(limiter, allowance, 10) == 1
        assert await passed(limiter, allowance, 10) == 4

    async def test_slots_that_nobody_renews_are_free_again(self, limiter: Limiter, other: Limiter, later: Later) -> None:
        allowance = allowed(concurrent_streams=2, tokens_per_day=1_000)
        renewed, lost = slot(allowance, 400), slot(allowance, 400)
        for one in (renewed, lost):
            assert (await limiter.admit(allowance, one)).refused is None
        await later(6)
        limiter.renew([renewed])
        assert await streams(limiter, allowance, 1) == 0
        await later(4)
        admission = await other.admit(allowance, slot(allowance, 100))
        assert (admission.refused, admission.tokens.remaining) == (None, 500)

    async def test_a_slot_is_taken_by_force_when_it_is_renewed_and_not_held(self, limiter: Limiter, other: Limiter) -> None:
        allowance = allowed(concurrent_streams=1, tokens_per_day=1_000)
        taken_over = slot(allowance, 300)
        await limiter.admit(allowance)
        limiter.renew([taken_over])
        limiter.renew([taken_over])
        assert await streams(limiter, allowance, 1) == 0
        limiter.settle(taken_over, Spent(50, 0))
        admission = await limiter.admit(allowance, slot(allowance, 100))
        assert (admission.refused, admission.tokens.remaining) == (None, 850)

    async def test_tokens_are_set_aside_and_then_counted_as_they_were(self, limiter: Limiter) -> None:
        allowance = allowed(tokens_per_day=1_000)
        first, second = slot(allowance, 600), slot(allowance, 600)
        assert (await limiter.admit(allowance, first)).refused is None
        refused = await limiter.admit(allowance, second)
        assert (refused.refused, refused.tokens.remaining) == (Limit.TOKENS_PER_DAY, 400)
        limiter.settle(first, Spent(150, 0))
        assert (await limiter.admit(allowance, second)).tokens.remaining == 250

    async def test_the_last_reply_may_take_more_than_is_left(self, limiter: Limiter) -> None:
        allowance = allowed(tokens_per_day=100)
        only = slot(allowance, 5_000)
        assert (await limiter.admit(allowance, only)).refused is None
        limiter.settle(only, Spent(180, 0))
        refused = await limiter.admit(allowance, slot(allowance, 1))
        assert (refused.refused, refused.tokens.remaining) == (Limit.TOKENS_PER_DAY, 0)
        assert (await limiter.admit(allowance)).refused is None

    async def test_what_the_ledger_has_counts(self, limiter: Limiter, ledger: SetLedger) -> None:
        ledger(Spent(700, 5))
        allowance = allowed(tokens_per_day=1_000, monthly_budget=6)
        admission = await limiter.admit(allowance, slot(allowance, 100))
        assert (admission.refused, admission.tokens.remaining) == (None, 200)
        assert (await limiter.admit(allowance, slot(allowance, 201))).refused is Limit.TOKENS_PER_DAY

    async def test_a_month_that_has_cost_its_budget_is_over(self, limiter: Limiter, ledger: SetLedger) -> None:
        ledger(Spent(0, 5))
        allowance = allowed(monthly_budget=8)
        first = slot(allowance)
        assert (await limiter.admit(allowance, first)).refused is None
        limiter.settle(first, Spent(1, 3))
        assert (await limiter.admit(allowance, slot(allowance))).refused is Limit.MONTHLY_BUDGET
        assert (await limiter.admit(allowance)).refused is None

    async def test_a_new_day_begins_with_all_its_requests_and_tokens(
        self, limiter: Limiter, ledger: SetLedger, next_day: Callable[[], Awaitable[None]]
    ) -> None:
        allowance = allowed(requests_per_day=2, tokens_per_day=100)
        first = slot(allowance, 100)
        assert (await limiter.admit(allowance, first)).refused is None
        limiter.settle(first, Spent(100, 0))
        assert [(await limiter.admit(allowance)).refused for _ in range(2)] == [None, Limit.REQUESTS_PER_DAY]
        await next_day()
        admission = await limiter.admit(allowance, slot(allowance, 100))
        assert (admission.refused, admission.requests.remaining) == (None, 1)

    @pytest.mark.parametrize("limit", ["requests_per_minute", "concurrent_streams"])
    async def test_another_limit_holds_at_once(self, limiter: Limiter, limit: str) -> None:
        before = allowed(**{limit: 2})
        after = replace(before, limits=replace(PLENTY, **{limit: 50}))
        assert await streams(limiter, before, 5) == 2
        assert await streams(limiter, after, 5) == 5
        refused: Admission = await limiter.admit(before, slot(before))
        assert refused.refused is not None
