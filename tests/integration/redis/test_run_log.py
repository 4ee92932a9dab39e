"""The run log on real Valkey, seen from two nodes."""

from collections.abc import AsyncIterator

import pytest

from adapters.redis.run_log import RedisRunLog
from application.ports.run_log import RunLog
from tests.contracts.ports.run_log import RunLogSuite
from tests.integration.redis.conftest import Keyspace


class TestRedisRunLog(RunLogSuite):
    @pytest.fixture
    async def log(self, valkey_url: str, keyspace: Keyspace) -> AsyncIterator[RunLog]:
        log = RedisRunLog(valkey_url, prefix=keyspace.prefix, patience=10.0)
        yield log
        await log.close()

    @pytest.fixture
    async def other(self, valkey_url: str, keyspace: Keyspace) -> AsyncIterator[RunLog]:
        log = RedisRunLog(valkey_url, prefix=keyspace.prefix, patience=10.0)
        yield log
        await log.close()
