from collections.abc import AsyncIterator

import pytest

from tests.integration.postgres.moving.world import World
from tests.support.servers import PostgresServer, running_postgres


@pytest.fixture(scope="package")
async def other_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgresServer]:
    """A second server, with shards that are apart from the first's."""
    async with running_postgres(tmp_path_factory.mktemp("other")) as server:
        yield server


@pytest.fixture
async def world(postgres: PostgresServer, other_server: PostgresServer) -> World:
    """A catalog and a shard on one server, another shard on another."""
    return World(await postgres.database(), (await postgres.database(), await other_server.database()))
