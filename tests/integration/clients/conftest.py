"""Unmodified clients against a node that listens."""

from collections.abc import AsyncIterator

import pytest

from entrypoints.settings import Settings
from tests.support.api import Caller
from tests.support.node import ClientsMissing, install_clients
from tests.support.realtime import Node, listening
from tests.support.servers import PostgresServer


@pytest.fixture(scope="session")
def npm_clients() -> None:
    """The npm packages that the lock in `tests/clients` names."""
    try:
        install_clients()
    except ClientsMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
async def node_settings(postgres: PostgresServer, valkey_url: str) -> Settings:
    """A database of their own: any node on it may take over the replies of one that leaves."""
    return Settings(catalog_dsn=await postgres.database(), redis_url=valkey_url)


@pytest.fixture(scope="session")
async def node(node_settings: Settings) -> AsyncIterator[Node]:
    async with listening(node_settings) as running:
        yield running


@pytest.fixture
async def caller(node: Node) -> Caller:
    return await node.api.sign_up()
