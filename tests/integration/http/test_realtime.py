"""The realtime socket over real Postgres and Valkey, at two nodes with servers of their own."""

import logging
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from entrypoints.settings import Settings
from tests.contracts.http.realtime import FollowingSuite, TalkingSuite
from tests.contracts.http.realtime_doors import DoorsSuite
from tests.contracts.http.realtime_fuzz import FuzzSuite
from tests.contracts.http.viewers import ViewersSuite
from tests.support.api import Caller
from tests.support.realtime import Listen, Node, listening

# What uvicorn says of a client that breaks the protocol.
EXPECTED = ("Invalid UTF-8 sequence received from client.",)


@pytest.fixture(scope="session")
def node_settings(shared_dsn: str, valkey_url: str) -> Settings:
    return Settings(catalog_dsn=shared_dsn, redis_url=valkey_url)


@pytest.fixture(scope="session")
async def near(node_settings: Settings) -> AsyncIterator[Node]:
    async with listening(node_settings) as node:
        yield node


@pytest.fixture(scope="session")
async def far(node_settings: Settings) -> AsyncIterator[Node]:
    async with listening(node_settings) as node:
        yield node


@pytest.fixture(scope="session")
def listen(node_settings: Settings) -> Listen:
    return partial(listening, node_settings)


@pytest.fixture(scope="session")
async def somebody(near: Node) -> Caller:
    return await near.api.sign_up()


@pytest.fixture(autouse=True)
def no_complaints(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The server finds nothing wrong with how sockets and streams are refused, dropped and ended."""
    yield
    errors = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert [error for error in errors if error not in EXPECTED] == []


class TestTalking(TalkingSuite): ...


class TestFollowing(FollowingSuite): ...


class TestDoors(DoorsSuite): ...


class TestViewers(ViewersSuite): ...


class TestFuzz(FuzzSuite): ...
