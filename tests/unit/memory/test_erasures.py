import pytest

from adapters.memory.clock import HandClock
from adapters.memory.erasures import MemoryErasures
from adapters.memory.records import MemoryAccountRecords, MemoryConversationRecords
from adapters.memory.remains import MemoryRemains
from adapters.memory.store import MemoryStore
from tests.contracts.ports.erasures import ErasuresSuite, PassTime
from tests.contracts.ports.records import AccountRecordsSuite, ConversationRecordsSuite, RemainsSuite


@pytest.fixture
def erasures(store: MemoryStore) -> MemoryErasures:
    return MemoryErasures(store)


@pytest.fixture
def pass_time(clock: HandClock) -> PassTime:
    async def advance(seconds: float) -> None:
        clock.advance(seconds)

    return advance


@pytest.fixture
def account_records(store: MemoryStore) -> MemoryAccountRecords:
    return MemoryAccountRecords(store)


@pytest.fixture
def conversation_records(store: MemoryStore) -> MemoryConversationRecords:
    return MemoryConversationRecords(store)


@pytest.fixture
def remains(store: MemoryStore) -> MemoryRemains:
    return MemoryRemains(store)


class TestMemoryErasures(ErasuresSuite): ...


class TestMemoryAccountRecords(AccountRecordsSuite): ...


class TestMemoryConversationRecords(ConversationRecordsSuite): ...


class TestMemoryRemains(RemainsSuite): ...
