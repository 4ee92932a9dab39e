import pytest

from adapters.memory.account_reader import MemoryAccountReader
from adapters.memory.catalog import MemoryCatalog
from adapters.memory.clock import HandClock
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.readers import MemoryAgentReader, MemoryRunReader, MemorySessionReader, MemoryUsageReader, MemoryUserReader
from adapters.memory.responses import MemoryResponseReader
from adapters.memory.shards import MemoryShards
from adapters.memory.store import MemoryStore


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(clock: HandClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def catalog(store: MemoryStore) -> MemoryCatalog:
    return MemoryCatalog(store)


@pytest.fixture
def shards(store: MemoryStore) -> MemoryShards:
    return MemoryShards(store)


@pytest.fixture
def agents(store: MemoryStore) -> MemoryAgentReader:
    return MemoryAgentReader(store)


@pytest.fixture
def users(store: MemoryStore) -> MemoryUserReader:
    return MemoryUserReader(store)


@pytest.fixture
def accounts(store: MemoryStore) -> MemoryAccountReader:
    return MemoryAccountReader(store)


@pytest.fixture
def sessions(store: MemoryStore) -> MemorySessionReader:
    return MemorySessionReader(store)


@pytest.fixture
def runs(store: MemoryStore) -> MemoryRunReader:
    return MemoryRunReader(store)


@pytest.fixture
def responses(store: MemoryStore) -> MemoryResponseReader:
    return MemoryResponseReader(store)


@pytest.fixture
def usage(store: MemoryStore) -> MemoryUsageReader:
    return MemoryUsageReader(store)


@pytest.fixture
def outbox(store: MemoryStore) -> MemoryOutbox:
    return MemoryOutbox(store)
