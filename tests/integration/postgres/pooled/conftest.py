"""The databases of this folder are reached through a real PgBouncer in transaction mode, with three connections for everybody."""

from collections.abc import AsyncIterator

import pytest

from adapters.postgres.database import Database
from tests.integration.postgres.conftest import PATIENCE
from tests.support.pgbouncer import PgBouncer, pgbouncer, require_program
from tests.support.servers import PostgresServer

FEW = 3


@pytest.fixture(scope="session")
async def pooler(postgres: PostgresServer) -> AsyncIterator[PgBouncer]:
    require_program()
    async with pgbouncer(postgres.server.dsn, default_pool_size=FEW, query_wait_timeout=60) as running:
        yield running


@pytest.fixture(scope="session")
async def shared_database(folder_dsn: str, pooler: PgBouncer) -> AsyncIterator[Database]:
    database = pooled(pooler.before(folder_dsn))
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def second_database(second_dsn: str, pooler: PgBouncer) -> AsyncIterator[Database]:
    database = pooled(pooler.before(second_dsn))
    yield database
    await database.close()


@pytest.fixture
async def own_database(own_dsn: str, pooler: PgBouncer) -> AsyncIterator[Database]:
    database = pooled(pooler.before(own_dsn))
    yield database
    await database.close()


def pooled(dsn: str) -> Database:
    """Return a database behind PgBouncer, with more connections than that has."""
    return Database(dsn, name="pooled", size=10, patience=PATIENCE, statement_timeout=60, pooler="pgbouncer")
