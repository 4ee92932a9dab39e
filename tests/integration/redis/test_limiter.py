"""The count over Valkey alone, under sentinels and as a cluster. Nobody moves the server's clock: what it noted is moved."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from adapters.memory.clock import HandClock
from adapters.memory.limiter import MemoryLimiter
from adapters.redis.limiter import RedisLimiter
from application.ports.limiter import Admission, Allowance, Limit, Limiter, Slot
from domain.analytics.usage import Spent
from domain.shared.identifiers import UserId
from tests.contracts.ports.limiter import Later, LimiterSuite, SetLedger, allowed, slot
from tests.support.processes import until
from tests.support.valkey_forms import client_of
from tests.unit.memory.test_limiter import Ledger


class CountedLedger(Ledger):
    """Knows how often it was asked, and for which day."""

    def __init__(self) -> None:
        super().__init__(HandClock())
        self.days: list[date] = []

    async def spent(self, owner_id: UserId, today: date) -> Spent:
        self.days.append(today)
        return await super().spent(owner_id, today)


class Unneeded(MemoryLimiter):
    """A share that nobody asks for while the server answers."""

    async def admit(self, allowance: Allowance, slot: Slot | None = None) -> Admission:
        raise AssertionError("the server gave no answer")


@asynccontextmanager
async def counting(url: str, book: CountedLedger, prefix: str) -> AsyncIterator[RedisLimiter]:
    """Run a node's limiter; a busy machine may stall for longer than the patience that suits production."""
    limiter = RedisLimiter(url, book, Unneeded(HandClock(), book), prefix=prefix, patience=10.0)
    yield limiter
    await limiter.close()


class Notes:
    """What limiters have noted under a prefix."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client, self._prefix = client, prefix

    async def age(self, seconds: float) -> None:
        """Move every moment back."""
        micros = round(seconds * 1_000_000)
        for key in await self._keys():
            if key.endswith(b":slots"):
                for member, ends in await self._client.zrange(key, 0, -1, withscores=True):
                    await self._client.zadd(key, {member: ends - micros})
                await self._client.pexpire(key, max(1, await self._client.pttl(key) - micros // 1_000))
            else:
                stored = await self._client.hgetall(key)
                moments = {field: int(stored[field]) - micros for field in (b"tat", b"at") if field in stored}
                await self._client.hset(key, mapping=moments)

    async def make_it_yesterday(self) -> None:
        """Have all days be a day earlier."""
        for key in await self._keys():
            if not key.endswith(b":slots"):
                await self._client.hincrby(key, "day", -1)

    async def forget(self) -> None:
        """Lose everything, scripts too, as a server does that starts empty."""
        for key in await self._keys():
            await self._client.delete(key)
        await self._client.script_flush()

    async def _keys(self) -> list[bytes]:
        return [key async for key in self._client.scan_iter(match=self._prefix + "*")]


class TestRedisLimiter(LimiterSuite):
    @pytest.fixture
    def book(self) -> CountedLedger:
        return CountedLedger()

    @pytest.fixture
    def ledger(self, book: CountedLedger) -> SetLedger:
        return book.say

    @pytest.fixture
    def prefix(self) -> str:
        return f"test:{uuid4()}:"

    @pytest.fixture
    async def notes(self, valkey_url: str, prefix: str) -> AsyncIterator[Notes]:
        client = client_of(valkey_url)
        yield Notes(client, prefix)
        await client.aclose()

    @pytest.fixture
    async def limiter(self, valkey_url: str, book: CountedLedger, prefix: str) -> AsyncIterator[Limiter]:
        async with counting(valkey_url, book, prefix) as found:
            yield found

    @pytest.fixture
    async def other(self, valkey_url: str, book: CountedLedger, prefix: str) -> AsyncIterator[Limiter]:
        async with counting(valkey_url, book, prefix) as found:
            yield found

    @pytest.fixture
    def later(self, notes: Notes) -> Later:
        return notes.age

    @pytest.fixture
    def next_day(self, notes: Notes) -> Callable[[], Awaitable[None]]:
        return notes.make_it_yesterday

    async def test_the_ledger_is_read_for_the_first_reply_and_again_when_it_was_long_ago(
        self, limiter: Limiter, other: Limiter, book: CountedLedger, later: Later
    ) -> None:
        allowance = allowed(tokens_per_day=1_000)
        await limiter.admit(allowance)
        assert book.days == []
        for node in (limiter, other, limiter):
            assert (await node.admit(allowance, slot(allowance, 10))).refused is None
        assert len(book.days) == 1
        book.say(Spent(900, 0))
        await later(61)
        assert (await limiter.admit(allowance, slot(allowance, 10))).refused is None

        async def compared() -> bool:
            return (await other.admit(allowance)).tokens.remaining == 90

        await until(compared)
        assert (await other.admit(allowance, slot(allowance, 100))).refused is Limit.TOKENS_PER_DAY
        assert len(book.days) == 2

    async def test_a_server_that_has_forgotten_all_learns_it_from_the_ledger(
        self, limiter: Limiter, book: CountedLedger, notes: Notes
    ) -> None:
        allowance = allowed(tokens_per_day=1_000)
        await limiter.admit(allowance, slot(allowance, 10))
        await notes.forget()
        book.say(Spent(999, 0))
        assert (await limiter.admit(allowance, slot(allowance, 10))).refused is Limit.TOKENS_PER_DAY

    async def test_twenty_racing_for_three_slots_get_three(self, limiter: Limiter, other: Limiter) -> None:
        allowance = allowed(concurrent_streams=3)
        asked = [node.admit(allowance, slot(allowance)) for node in (limiter, other) for _ in range(10)]
        assert [one.refused for one in await asyncio.gather(*asked)].count(None) == 3
