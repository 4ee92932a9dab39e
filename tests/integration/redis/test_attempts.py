"""Counters of attempts over real Valkey, at two nodes."""

from collections.abc import AsyncIterator

import pytest

from adapters.memory.attempts import MemoryAttempts
from adapters.memory.clock import HandClock
from adapters.redis.attempts import RedisAttempts
from application.ports.attempts import Attempts
from tests.contracts.ports.attempts import AttemptsSuite, new_names
from tests.integration.redis.conftest import Keyspace
from tests.support.valkey_process import ValkeyProcess


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


class TestRedisAttempts(AttemptsSuite):
    @pytest.fixture
    async def attempts(self, valkey_url: str, keyspace: Keyspace, clock: HandClock) -> AsyncIterator[Attempts]:
        attempts = RedisAttempts(valkey_url, clock, MemoryAttempts(clock), prefix=keyspace.prefix, patience=10.0)
        yield attempts
        await attempts.close()

    async def test_all_nodes_count_together(
        self, attempts: Attempts, valkey_url: str, keyspace: Keyspace, clock: HandClock
    ) -> None:
        [name] = new_names(1)
        other = RedisAttempts(valkey_url, clock, MemoryAttempts(clock), prefix=keyspace.prefix, patience=10.0)
        assert [await attempts.add([name]), await other.add([name]), await attempts.add([name])] == [[1], [2], [3]]
        await other.close()


async def test_while_the_server_is_away_each_node_goes_by_what_it_sees(own_valkey: ValkeyProcess, clock: HandClock) -> None:
    attempts = RedisAttempts(own_valkey.url, clock, MemoryAttempts(clock))
    own_valkey.kill()
    try:
        [name] = new_names(1)
        assert [await attempts.add([name]) for _ in range(3)] == [[1], [2], [3]]
        [tally] = await attempts.tallies([name])
        assert tally is not None
        assert tally.count == 3
        await attempts.forget([name])
        assert await attempts.tallies([name]) == [None]
    finally:
        await attempts.close()
        own_valkey.start()
