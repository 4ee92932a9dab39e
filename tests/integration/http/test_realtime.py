"""The realtime socket over real Postgres and Valkey, at two nodes with servers of their own."""

from collections.abc import AsyncIterator

import pytest

from entrypoints.settings import Settings
from tests.contracts.http.realtime import FollowingSuite, TalkingSuite
from tests.support.realtime import Node, listening


@pytest.fixture(scope="session")
def settings(shared_dsn: str, valkey_url: str) -> Settings:
    return Settings(catalog_dsn=shared_dsn, redis_url=valkey_url)


@pytest.fixture(scope="session")
async def near(settings: Settings) -> AsyncIterator[Node]:
    async with listening(settings) as node:
        yield node


@pytest.fixture(scope="session")
async def far(settings: Settings) -> AsyncIterator[Node]:
    async with listening(settings) as node:
        yield node


class TestTalking(TalkingSuite): ...


class TestFollowing(FollowingSuite): ...
