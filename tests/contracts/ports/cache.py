"""What every cache does. The fixtures: `cache`, empty, and `pass_time`, which lets seconds go by."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from application.ports.cache import Cache, Hit, Lease, Lifetime, Miss

HOUR = Lifetime(3_600)
PassTime = Callable[[float], Awaitable[None]]


async def leased(cache: Cache, key: str) -> str:
    """Return the token of a fresh lease."""
    found = await cache.read(key)
    assert isinstance(found, Lease)
    return found.token


async def fill(cache: Cache, key: str, value: bytes, lifetime: float = 60) -> None:
    """Fill a key that is empty."""
    assert await cache.fill(key, await leased(cache, key), value, Lifetime(lifetime)) == Hit(value)


class CacheSuite:
    async def test_a_cache_that_works_answers(self, cache: Cache) -> None:
        await cache.ping()

    async def test_one_of_a_hundred_cold_readers_becomes_the_filler(self, cache: Cache) -> None:
        found = await asyncio.gather(*[cache.read("k") for _ in range(100)])
        assert [sum(isinstance(one, Lease) for one in found), found.count(Miss.FILLING)] == [1, 99]

    async def test_each_key_has_a_lease_of_its_own(self, cache: Cache) -> None:
        one, other = await leased(cache, "a"), await leased(cache, "b")
        assert one != other
        assert not await cache.fill("a", other, b"x", HOUR)
        assert await cache.fill("b", other, b"x", HOUR)
        assert [await cache.read("a"), await cache.read("b")] == [Miss.FILLING, Hit(b"x")]

    async def test_a_fill_without_a_lease_stores_nothing(self, cache: Cache) -> None:
        assert not await cache.fill("k", "no lease", b"x", HOUR)
        assert await leased(cache, "k")

    async def test_a_fill_that_began_before_an_invalidation_never_lands_after_it(self, cache: Cache) -> None:
        early = await leased(cache, "k")
        await cache.invalidate(["k"])
        assert not await cache.fill("k", early, b"old", HOUR)
        late = await leased(cache, "k")
        assert not await cache.fill("k", early, b"old", HOUR)
        assert await cache.fill("k", late, b"new", HOUR)
        assert not await cache.fill("k", early, b"old", HOUR)
        assert await cache.read("k") == Hit(b"new")

    async def test_a_filled_lease_is_spent(self, cache: Cache) -> None:
        token = await leased(cache, "k")
        assert await cache.fill("k", token, b"first", HOUR)
        assert not await cache.fill("k", token, b"second", HOUR)
        assert await cache.read("k") == Hit(b"first")

    async def test_racing_fills_and_invalidations_leave_no_value_older_than_the_last_invalidation(self, cache: Cache) -> None:
        stored = 0

        async def change() -> None:
            nonlocal stored
            for _ in range(50):
                stored += 1
                await cache.invalidate(["k"])

        async def refill() -> None:
            for _ in range(100):
                found = await cache.read("k")
                if isinstance(found, Lease):
                    seen = str(stored).encode()
                    await asyncio.sleep(0)
                    await cache.fill("k", found.token, seen, HOUR)

        await asyncio.gather(change(), *[refill() for _ in range(8)])
        found = await cache.read("k")
        assert found == Hit(b"50") or isinstance(found, Lease)

    async def test_several_keys_are_forgotten_at_once(self, cache: Cache) -> None:
        for key in "abc":
            await fill(cache, key, b"x")
        await cache.invalidate(["a", "b", "never filled"])
        await cache.invalidate([])
        assert [await cache.read(key) == Hit(b"x") for key in "abc"] == [False, False, True]

    @pytest.mark.parametrize("value", [b"", b"L", b"V", b"\x00\xff" * 50_000])
    async def test_any_bytes_come_back_as_they_were(self, cache: Cache, value: bytes) -> None:
        await fill(cache, "k", value)
        assert await cache.read("k") == Hit(value)

    async def test_a_value_lives_for_its_lifetime_and_is_leased_anew(self, cache: Cache, pass_time: PassTime) -> None:
        await fill(cache, "k", b"x", 100)
        await pass_time(95)
        assert await cache.read("k") == Hit(b"x")
        await pass_time(5)
        assert await leased(cache, "k")

    async def test_reading_does_not_lengthen_a_life(self, cache: Cache, pass_time: PassTime) -> None:
        await fill(cache, "k", b"x", 100)
        for _ in range(4):
            assert await cache.read("k") == Hit(b"x")
            await pass_time(25)
        assert await leased(cache, "k")

    async def test_a_filler_that_is_lost_is_followed_by_another_after_ten_seconds(
        self, cache: Cache, pass_time: PassTime
    ) -> None:
        lost = await leased(cache, "k")
        await pass_time(5)
        assert await cache.read("k") is Miss.FILLING
        await pass_time(5)
        assert not await cache.fill("k", lost, b"late", HOUR)
        await fill(cache, "k", b"x")
        assert not await cache.fill("k", lost, b"late", HOUR)
        assert await cache.read("k") == Hit(b"x")

    async def test_in_the_stale_part_of_its_life_one_reader_is_to_refresh_a_value_and_all_have_it(
        self, cache: Cache, pass_time: PassTime
    ) -> None:
        assert await cache.fill("k", await leased(cache, "k"), b"old", Lifetime(100, stale=40))
        await pass_time(50)
        assert [one.refresh for one in await self._hits(cache, 3)] == [None, None, None]
        await pass_time(15)
        refreshes = [one.refresh for one in await self._hits(cache, 20)]
        [token] = [one for one in refreshes if one is not None]
        assert await cache.fill("k", token, b"new", Lifetime(100, stale=40)) == Hit(b"new")
        assert [(one.value, one.refresh) for one in await self._hits(cache, 2)] == [(b"new", None)] * 2

    async def test_a_refresh_that_began_before_an_invalidation_never_lands_after_it(
        self, cache: Cache, pass_time: PassTime
    ) -> None:
        assert await cache.fill("k", await leased(cache, "k"), b"old", Lifetime(100, stale=40))
        await pass_time(65)
        [found] = await self._hits(cache, 1)
        assert found.refresh is not None
        await cache.invalidate(["k"])
        assert await cache.fill("k", found.refresh, b"old", HOUR) is None
        assert await leased(cache, "k")

    async def test_a_refresher_that_is_lost_is_followed_by_another_while_the_value_lives(
        self, cache: Cache, pass_time: PassTime
    ) -> None:
        assert await cache.fill("k", await leased(cache, "k"), b"old", Lifetime(100, stale=40))
        await pass_time(65)
        assert [one.refresh is not None for one in await self._hits(cache, 2)] == [True, False]
        await pass_time(11)
        assert [one.refresh is not None for one in await self._hits(cache, 2)] == [True, False]

    async def test_what_is_dear_and_hot_is_refreshed_before_its_time(self, cache: Cache, pass_time: PassTime) -> None:
        assert await cache.fill("dear", await leased(cache, "dear"), b"x", Lifetime(100, stale=1), cost=1_000_000)
        assert await cache.fill("cheap", await leased(cache, "cheap"), b"x", Lifetime(100, stale=1), cost=0.0)
        await pass_time(2)
        dear = [found.refresh for _ in range(100) if isinstance(found := await cache.read("dear"), Hit)]
        assert sum(token is not None for token in dear) == 1
        assert not [one for one in [await cache.read("cheap") for _ in range(100)] if isinstance(one, Hit) and one.refresh]

    async def test_listeners_hear_of_an_invalidation_before_it_returns(self, cache: Cache) -> None:
        heard: list[str] = []
        cache.listen(heard.extend)
        await fill(cache, "a", b"x")
        await cache.invalidate(["a", "b"])
        assert set(heard) == {"a", "b"}

    @staticmethod
    async def _hits(cache: Cache, times: int) -> list[Hit]:
        found = [await cache.read("k") for _ in range(times)]
        assert all(isinstance(one, Hit) for one in found)
        return [one for one in found if isinstance(one, Hit)]
