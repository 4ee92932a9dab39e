from collections.abc import AsyncIterator

import asyncpg
import pytest

from adapters.embedded.folder import DataFolder
from adapters.embedded.postgres import EmbeddedPostgres
from tests.integration.plans.explaining import Connection
from tests.integration.plans.seeding import seed
from tests.support.servers import FAST, PostgresServer

_SETTINGS = {
    "wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "8GB", "shared_buffers": "256MB", "autovacuum": "off",
}


@pytest.fixture(scope="session")
async def seeded_dsn(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A database with a million messages, on a server of its own."""
    folder = DataFolder(tmp_path_factory.mktemp("plans"))
    server = await EmbeddedPostgres.start(folder, settings=FAST | _SETTINGS)
    try:
        prepared = PostgresServer(server)
        await prepared.prepare()
        dsn = await prepared.database()
        await seed(dsn)
        yield dsn
    finally:
        await server.stop()
        folder.release()


@pytest.fixture
async def seeded(seeded_dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(seeded_dsn)
    yield connection
    await connection.close()
