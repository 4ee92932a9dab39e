from collections.abc import Iterator

import pytest

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.catalog_readers import PostgresAgentReader, PostgresUserReader
from adapters.postgres.database import Database
from adapters.postgres.shard_readers import PostgresRunReader, PostgresSessionReader
from adapters.postgres.shards import PostgresShards
from tests.contracts.ports.machines.catalog import CatalogMachine
from tests.contracts.ports.machines.shards import ShardMachine
from tests.contracts.ports.machines.world import World, WorldMachine, new_runner, run_machine
from tests.integration.postgres.conftest import PATIENCE
from tests.support.sharding import placed


async def open_database(dsn: str) -> Database:
    """Return the database in the loop that this runs in: its pool belongs to that."""
    return Database(dsn, name="machines", patience=PATIENCE)


@pytest.fixture
def world(folder_dsn: str, entropy: MemoryEntropy) -> Iterator[World]:
    with new_runner() as runner:
        database = runner.run(open_database(folder_dsn))
        placement = placed(database)
        yield World(
            runner, PostgresCatalog(database, entropy), PostgresAgentReader(database), PostgresUserReader(database),
            PostgresShards(placement, entropy), PostgresSessionReader(placement), PostgresRunReader(placement),
        )
        runner.run(database.close())


@pytest.mark.parametrize("machine", [CatalogMachine, ShardMachine])
def test_postgres_does_what_plain_dicts_do(world: World, machine: type[WorldMachine]) -> None:
    run_machine(machine, world, examples=25, steps=25)
