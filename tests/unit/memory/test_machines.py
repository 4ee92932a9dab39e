from collections.abc import Iterator

import pytest

from adapters.memory.catalog import MemoryCatalog
from adapters.memory.readers import MemoryAgentReader, MemoryRunReader, MemorySessionReader, MemoryUserReader
from adapters.memory.shards import MemoryShards
from adapters.memory.store import MemoryStore
from tests.contracts.ports.machines.catalog import CatalogMachine
from tests.contracts.ports.machines.shards import ShardMachine
from tests.contracts.ports.machines.world import World, WorldMachine, new_runner, run_machine


@pytest.fixture
def world(store: MemoryStore) -> Iterator[World]:
    with new_runner() as runner:
        yield World(
            runner, MemoryCatalog(store), MemoryAgentReader(store), MemoryUserReader(store),
            MemoryShards(store), MemorySessionReader(store), MemoryRunReader(store),
        )


@pytest.mark.parametrize("machine", [CatalogMachine, ShardMachine])
def test_memory_does_what_plain_dicts_do(world: World, machine: type[WorldMachine]) -> None:
    run_machine(machine, world, examples=40, steps=30)
