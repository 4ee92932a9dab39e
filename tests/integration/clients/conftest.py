"""Unmodified clients against a node that listens."""

from collections.abc import AsyncIterator, Callable

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
async def node_settings(postgres: PostgresServer, own_valkey_url: Callable[[], str]) -> Settings:
    """A database of their own: any node on it may take over the replies of one that leaves."""
    return Settings(catalog_dsn=await postgres.database(), redis_url=own_valkey_url())


@pytest.fixture(scope="session")
async def node(node_settings: Settings) -> AsyncIterator[Node]:
    async with listening(node_settings) as running:
        yield running


@pytest.fixture
async def caller(node: Node) -> Caller:
    return await node.api.sign_up()
