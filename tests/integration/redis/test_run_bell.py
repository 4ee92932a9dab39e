"""The bell over real Valkey, at two nodes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from adapters.memory.run_bell import MemoryRunBell
from adapters.redis.run_bell import RedisRunBell
from application.ports.run_bell import RunBell
from tests.contracts.ports.run_bell import RunBellSuite, heard, runs
from tests.integration.redis.conftest import Keyspace
from tests.support.builders import new_user_id
from tests.support.valkey_process import ValkeyProcess


class TestRedisRunBell(RunBellSuite):
    @pytest.fixture
    async def bell(self, valkey_url: str, keyspace: Keyspace) -> AsyncIterator[RunBell]:
        bell = RedisRunBell(valkey_url, MemoryRunBell(), prefix=keyspace.prefix, patience=10.0)
        yield bell
        await bell.close()

    @pytest.fixture
    async def other(self, valkey_url: str, keyspace: Keyspace) -> AsyncIterator[RunBell]:
        bell = RedisRunBell(valkey_url, MemoryRunBell(), prefix=keyspace.prefix, patience=10.0)
        yield bell
        await bell.close()

    async def test_who_gives_up_before_the_channel_is_subscribed_to_leaves_nothing_behind(
        self, bell: RunBell, keyspace: Keyspace
    ) -> None:
        owner = new_user_id()
        staying = await bell.listen(new_user_id())
        giving_up = asyncio.create_task(bell.listen(owner))
        await asyncio.sleep(0)
        giving_up.cancel()
        with suppress(asyncio.CancelledError):
            await giving_up
        await bell.listen(new_user_id())
        channel = (keyspace.prefix + owner).encode()
        assert dict(await keyspace.client.pubsub_numsub(channel)) == {channel: 0}
        staying.close()


async def test_a_node_hears_itself_while_the_server_is_away_and_the_others_when_it_is_back(own_valkey: ValkeyProcess) -> None:
    own_valkey.kill()
    bells = [RedisRunBell(own_valkey.url, MemoryRunBell(), patience=0.2) for _ in range(2)]
    try:
        owner = new_user_id()
        feed = await bells[0].listen(owner)
        bells[0].ring(owner, runs("alone")[0])
        assert await heard(feed, 1) == runs("alone")
        own_valkey.start()
        async with asyncio.timeout(20):
            while not await feed.next(0.1):
                bells[1].ring(owner, runs("together")[0])
    finally:
        for bell in bells:
            await bell.close()
