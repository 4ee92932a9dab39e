import asyncio

import pytest

from adapters.redis.cache import RedisCache
from application.ports.cache import Hit, Lease
from tests.integration.redis.conftest import Keyspace


async def leased(cache: RedisCache, key: str) -> str:
    """Return the token of a fresh lease."""
    found = await cache.read(key)
    assert isinstance(found, Lease)
    assert found.token is not None
    return found.token


async def test_one_of_a_hundred_cold_readers_becomes_the_filler(cache: RedisCache) -> None:
    found = await asyncio.gather(*[cache.read("k") for _ in range(100)])
    assert sum(one != Lease(None) for one in found) == 1


async def test_a_fill_that_began_before_an_invalidation_never_lands_after_it(cache: RedisCache) -> None:
    early = await leased(cache, "k")
    await cache.invalidate(["k"])
    assert not await cache.fill("k", early, b"old", 60)
    late = await leased(cache, "k")
    assert not await cache.fill("k", early, b"old", 60)
    assert await cache.fill("k", late, b"new", 60)
    assert not await cache.fill("k", early, b"old", 60)
    assert await cache.read("k") == Hit(b"new")


async def test_a_filled_lease_is_spent(cache: RedisCache) -> None:
    token = await leased(cache, "k")
    assert await cache.fill("k", token, b"first", 60)
    assert not await cache.fill("k", token, b"second", 60)
    assert await cache.read("k") == Hit(b"first")


async def test_racing_fills_and_invalidations_leave_no_value_older_than_the_last_invalidation(cache: RedisCache) -> None:
    stored = 0

    async def change() -> None:
        nonlocal stored
        for _ in range(50):
            stored += 1
            await cache.invalidate(["k"])

    async def fill() -> None:
        for _ in range(100):
            found = await cache.read("k")
            if isinstance(found, Lease) and found.token is not None:
                seen = str(stored).encode()
                await asyncio.sleep(0)
                await cache.fill("k", found.token, seen, 60)

    await asyncio.gather(change(), *[fill() for _ in range(8)])
    found = await cache.read("k")
    assert found == Hit(b"50") or isinstance(found, Lease)


async def test_several_keys_are_forgotten_at_once(cache: RedisCache) -> None:
    for key in "abc":
        assert await cache.fill(key, await leased(cache, key), b"x", 60)
    await cache.invalidate(["a", "b", "never filled"])
    await cache.invalidate([])
    assert [await cache.read(key) == Hit(b"x") for key in "abc"] == [False, False, True]


@pytest.mark.parametrize("value", [b"", b"L", b"V", b"\x00\xff" * 50_000])
async def test_any_bytes_come_back_as_they_were(cache: RedisCache, value: bytes) -> None:
    assert await cache.fill("k", await leased(cache, "k"), value, 60)
    assert await cache.read("k") == Hit(value)


async def test_values_and_leases_lie_under_the_prefix_and_end_by_themselves(cache: RedisCache, keyspace: Keyspace) -> None:
    assert await cache.fill("value", await leased(cache, "value"), b"x", 1.5)
    await leased(cache, "lease")
    lifetimes = await keyspace.lifetimes()
    assert lifetimes.keys() == {"value", "lease"}
    assert 0 < lifetimes["value"] <= 1_500 < lifetimes["lease"] <= 10_000


async def test_an_expired_value_is_leased_anew(cache: RedisCache) -> None:
    assert await cache.fill("k", await leased(cache, "k"), b"x", 0.001)
    await asyncio.sleep(0.01)
    assert await leased(cache, "k")


async def test_a_server_that_forgot_the_scripts_is_told_them_again(cache: RedisCache, keyspace: Keyspace) -> None:
    await keyspace.client.script_flush()
    token = await leased(cache, "k")
    await keyspace.client.script_flush()
    assert await cache.fill("k", token, b"x", 60)


async def test_cancelled_callers_leave_the_connections_in_order(cache: RedisCache) -> None:
    assert await cache.fill("k", await leased(cache, "k"), b"k", 60)
    assert await cache.fill("j", await leased(cache, "j"), b"j", 60)
    for turns in range(40):
        callers = [asyncio.create_task(cache.read("j")) for _ in range(20)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        assert set(await asyncio.gather(*[cache.read("k") for _ in range(20)])) == {Hit(b"k")}


async def test_more_callers_than_connections_wait_their_turn(valkey_url: str, keyspace: Keyspace) -> None:
    narrow = RedisCache(valkey_url, prefix=keyspace.prefix, patience=10.0, connections=2)
    found = await asyncio.gather(*[narrow.read("k") for _ in range(200)])
    assert sum(one != Lease(None) for one in found) == 1
    await narrow.close()
