from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.account_reader import PostgresAccountReader
from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.catalog_readers import PostgresAgentReader, PostgresUserReader
from adapters.postgres.database import Database
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.placement import Placement
from adapters.postgres.response_reader import PostgresResponseReader
from adapters.postgres.shard_readers import PostgresRunReader, PostgresSessionReader
from adapters.postgres.shards import PostgresShards
from adapters.postgres.statement import Change, Statement
from adapters.postgres.tables import AGENTS, CATALOG_OUTBOX, SESSIONS, SHARD_OUTBOX, USERS
from adapters.postgres.usage import PostgresUsageReader
from tests.integration.postgres.moving.world import World
from tests.integration.postgres.own_server import OwnServer
from tests.support.servers import PostgresServer, running_postgres
from tests.support.sharding import placed

# A busy machine may stall for longer than the patience that suits production.
PATIENCE = 20.0


@pytest.fixture(scope="session")
async def folder_dsn(postgres: PostgresServer) -> str:
    """Both trees in a database that only the tests in this folder share."""
    return await postgres.database()


@pytest.fixture(scope="session")
async def shared_database(folder_dsn: str) -> AsyncIterator[Database]:
    """The folder's database."""
    database = Database(folder_dsn, name="shared", patience=PATIENCE)
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def second_dsn(postgres: PostgresServer) -> str:
    """Both trees in a database for tests that look at everything that is stored."""
    return await postgres.database()


@pytest.fixture(scope="session")
async def second_database(second_dsn: str) -> AsyncIterator[Database]:
    database = Database(second_dsn, name="second", patience=PATIENCE)
    yield database
    await database.close()


@pytest.fixture
async def emptied_database(second_database: Database) -> Database:
    """The second database, in which nothing is stored."""
    everything = [USERS, AGENTS, CATALOG_OUTBOX, SESSIONS, SHARD_OUTBOX]
    await second_database.write([Change(Statement(delete(table), "test.empty"), {}) for table in everything], "catalog")
    return second_database


@pytest.fixture
async def own_database(own_dsn: str) -> AsyncIterator[Database]:
    """Both trees in a database of the test's own."""
    database = Database(own_dsn, name="own", patience=PATIENCE)
    yield database
    await database.close()


@pytest.fixture
def database(shared_database: Database) -> Database:
    """What the suites run on; a module whose tests look at everything that is stored takes its own."""
    return shared_database


@pytest.fixture
def placement(database: Database) -> Placement:
    return placed(database)


@pytest.fixture(scope="session")
def entropy() -> MemoryEntropy:
    return MemoryEntropy(seed=18)


@pytest.fixture
def catalog(database: Database, entropy: MemoryEntropy) -> PostgresCatalog:
    return PostgresCatalog(database, entropy)


@pytest.fixture
def shards(placement: Placement, entropy: MemoryEntropy) -> PostgresShards:
    return PostgresShards(placement, entropy)


@pytest.fixture
def agents(database: Database) -> PostgresAgentReader:
    return PostgresAgentReader(database)


@pytest.fixture
def users(database: Database) -> PostgresUserReader:
    return PostgresUserReader(database)


@pytest.fixture
def accounts(database: Database) -> PostgresAccountReader:
    return PostgresAccountReader(database)


@pytest.fixture
def sessions(placement: Placement) -> PostgresSessionReader:
    return PostgresSessionReader(placement)


@pytest.fixture
def runs(placement: Placement) -> PostgresRunReader:
    return PostgresRunReader(placement)


@pytest.fixture
def responses(placement: Placement) -> PostgresResponseReader:
    return PostgresResponseReader(placement)


@pytest.fixture
def usage(placement: Placement) -> PostgresUsageReader:
    return PostgresUsageReader(placement)


@pytest.fixture
def outbox(database: Database) -> PostgresOutbox:
    return PostgresOutbox(database, [database])


@pytest.fixture(scope="session")
async def lasting_server(tmp_path_factory: pytest.TempPathFactory, pattern: Path) -> AsyncIterator[OwnServer]:
    """A server that counts statements."""
    server = OwnServer(tmp_path_factory.mktemp("own_server"))
    await server.start_as(pattern)
    yield server
    await server.stop()
    server.release()


@pytest.fixture
async def own_server(lasting_server: OwnServer) -> AsyncIterator[OwnServer]:
    """The same, for a test that stops it: afterwards it runs again, however the test ends."""
    yield lasting_server
    await lasting_server.restore()


@pytest.fixture(scope="session")
async def other_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgresServer]:
    """A second server, with shards that are apart from the first's."""
    async with running_postgres(tmp_path_factory.mktemp("other")) as server:
        yield server


@pytest.fixture
async def world(postgres: PostgresServer, other_server: PostgresServer) -> World:
    """A catalog and a shard on one server, another shard on another, between which buckets move."""
    return World(await postgres.database(), (await postgres.database(), await other_server.database()))
