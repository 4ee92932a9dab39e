from collections.abc import Awaitable, Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.clock import HandClock
from adapters.memory.limiter import MemoryLimiter
from adapters.memory.readers import MemoryUsageReader
from adapters.memory.store import MemoryStore
from application.ports.limiter import Limit, Limiter
from domain.analytics.usage import Spent
from domain.shared.identifiers import UserId
from tests.contracts.ports.limiter import Later, LimiterSuite, SetLedger, allowed, passed, slot, streams


class Ledger(MemoryUsageReader):
    """Says what it is told to say."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(MemoryStore(clock))
        self.said = Spent()

    def say(self, spent: Spent) -> None:
        self.said = spent

    async def spent(self, owner_id: UserId, today: date) -> Spent:
        return self.said


class TestMemoryLimiter(LimiterSuite):
    @pytest.fixture
    def clock(self) -> HandClock:
        return HandClock()

    @pytest.fixture
    def book(self, clock: HandClock) -> Ledger:
        return Ledger(clock)

    @pytest.fixture
    def ledger(self, book: Ledger) -> SetLedger:
        return book.say

    @pytest.fixture
    def limiter(self, clock: HandClock, book: Ledger) -> Limiter:
        return MemoryLimiter(clock, book)

    @pytest.fixture
    def other(self, limiter: Limiter) -> Limiter:
        return limiter

    @pytest.fixture
    def later(self, clock: HandClock) -> Later:
        async def advance(seconds: float) -> None:
            clock.advance(seconds)

        return advance

    @pytest.fixture
    def next_day(self, clock: HandClock) -> Callable[[], Awaitable[None]]:
        async def advance() -> None:
            clock.advance(86_400)

        return advance


async def test_a_share_is_a_part_of_each_limit_and_of_what_the_ledger_leaves() -> None:
    clock = HandClock()
    ledger = Ledger(clock)
    ledger.say(Spent(400, 0))
    share = MemoryLimiter(clock, ledger, parts=4)
    assert await passed(share, allowed(requests_per_minute=10), 10) == 3
    assert await passed(share, allowed(requests_per_minute=1), 10) == 1
    assert await streams(share, allowed(concurrent_streams=8), 10) == 2
    tokens = allowed(tokens_per_day=1_000)
    assert (await share.admit(tokens, slot(tokens, 151))).refused is Limit.TOKENS_PER_DAY
    assert (await share.admit(tokens, slot(tokens, 150))).refused is None


async def test_what_was_settled_while_the_ledger_was_read_is_counted_once() -> None:
    clock = HandClock()
    allowance = allowed(tokens_per_day=1_000)

    class Slow(Ledger):
        async def spent(self, owner_id: UserId, today: date) -> Spent:
            found = self.said
            limiter.settle(slot(allowance), Spent(30, 0))
            return found

    ledger = Slow(clock)
    ledger.say(Spent(100, 0))
    limiter = MemoryLimiter(clock, ledger)
    assert (await limiter.admit(allowance, slot(allowance, 10))).tokens.remaining == 1_000 - 100 - 30 - 10


gaps = st.lists(st.floats(0, 90, allow_nan=False), max_size=80)


@given(st.integers(1, 40), gaps)
async def test_in_no_window_more_pass_than_the_limit_and_its_pace(limit: int, waits: list[float]) -> None:
    clock = HandClock()
    limiter, allowance, moments = MemoryLimiter(clock, Ledger(clock)), allowed(requests_per_minute=limit), list[float]()
    for wait in waits:
        clock.advance(wait)
        for _ in range(3):
            if await passed(limiter, allowance, 1):
                moments.append(clock.monotonic())
    for first, began in enumerate(moments):
        for last in range(first, len(moments)):
            assert last - first + 1 <= limit + (moments[last] - began) * limit / 60 + 1e-6


@given(st.integers(1, 100), st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=60))
async def test_a_greedy_caller_gets_all_but_one_of_what_the_limit_allows(limit: int, waits: list[float]) -> None:
    clock = HandClock()
    limiter, allowance, got = MemoryLimiter(clock, Ledger(clock)), allowed(requests_per_minute=limit), 0
    for wait in (0.0, *waits):
        clock.advance(wait)
        while await passed(limiter, allowance, 1):
            got += 1
        assert limit + clock.monotonic() * limit / 60 - 1 - 1e-3 < got <= limit + clock.monotonic() * limit / 60 + 1e-6


@given(st.integers(1, 5), st.lists(st.tuples(st.sampled_from(["take", "end", "renew", "wait"]), st.integers(0, 9)), max_size=80))
async def test_slots_are_never_more_than_the_limit_and_never_kept_from_those_who_may(
    limit: int, steps: list[tuple[str, int]]
) -> None:
    clock = HandClock()
    limiter, allowance = MemoryLimiter(clock, Ledger(clock)), allowed(concurrent_streams=limit)
    held = {}
    for step, number in steps:
        live = {one: until for one, until in held.items() if until > clock.monotonic()}
        if step == "take":
            new = slot(allowance)
            refused = (await limiter.admit(allowance, new)).refused
            assert (refused is None) == (len(live) < limit)
            if refused is None:
                live[new] = clock.monotonic() + 9
        elif step == "wait":
            clock.advance(number)
        elif live:
            one = list(live)[number % len(live)]
            if step == "end":
                limiter.release(one)
                del live[one]
            else:
                limiter.renew([one])
                live[one] = clock.monotonic() + 9
        held = live


@given(st.integers(1, 3_000), st.lists(st.tuples(st.integers(1, 800), st.integers(0, 1_200)), max_size=40))
async def test_tokens_pass_the_limit_by_the_last_reply_at_most(limit: int, replies: list[tuple[int, int]]) -> None:
    clock = HandClock()
    limiter, allowance, spent = MemoryLimiter(clock, Ledger(clock)), allowed(tokens_per_day=limit), 0
    for guess, true in replies:
        one = slot(allowance, guess)
        refused = (await limiter.admit(allowance, one)).refused
        assert (refused is None) == (spent + min(guess, limit) <= limit)
        if refused is None:
            assert spent < limit
            spent += true
            limiter.settle(one, Spent(true, 0))
