import asyncio

import pytest

from adapters.redis.cache import RedisCache
from application.ports.cache import Hit
from tests.contracts.ports.cache import HOUR, CacheSuite, PassTime, fill, leased
from tests.integration.redis.conftest import Keyspace


class TestRedisCache(CacheSuite):
    """The cache in Valkey."""

    @pytest.fixture
    def pass_time(self, keyspace: Keyspace) -> PassTime:
        """Have the seconds go by for what is stored."""
        return keyspace.age


async def test_values_and_leases_lie_under_the_prefix_and_end_by_themselves(cache: RedisCache, keyspace: Keyspace) -> None:
    await fill(cache, "value", b"x", 5)
    await leased(cache, "lease")
    lifetimes = await keyspace.lifetimes()
    assert lifetimes.keys() == {"value", "lease"}
    assert 0 < lifetimes["value"] <= 5_000 < lifetimes["lease"] <= 10_000


async def test_the_briefest_value_is_leased_anew(cache: RedisCache) -> None:
    await fill(cache, "k", b"x", 0.0001)
    await asyncio.sleep(0.01)
    assert await leased(cache, "k")


async def test_a_server_that_forgot_the_scripts_is_told_them_again(cache: RedisCache, keyspace: Keyspace) -> None:
    await keyspace.client.script_flush()
    token = await leased(cache, "k")
    await keyspace.client.script_flush()
    assert await cache.fill("k", token, b"x", HOUR)


async def test_cancelled_callers_leave_the_connections_in_order(cache: RedisCache) -> None:
    await fill(cache, "k", b"k")
    await fill(cache, "j", b"j")
    for turns in range(40):
        callers = [asyncio.create_task(cache.read("j")) for _ in range(20)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        assert [one == Hit(b"k") for one in await asyncio.gather(*[cache.read("k") for _ in range(20)])] == [True] * 20
