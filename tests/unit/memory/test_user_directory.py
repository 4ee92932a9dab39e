import pytest

from adapters.memory.expired_api_keys import MemoryExpiredApiKeys
from adapters.memory.expired_tokens import MemoryExpiredTokens
from adapters.memory.store import MemoryStore
from adapters.memory.user_directory import MemoryUserDirectory
from tests.contracts.ports.expired_api_keys import ExpiredApiKeysSuite
from tests.contracts.ports.expired_tokens import ExpiredTokensSuite
from tests.contracts.ports.user_directory import UserDirectorySuite


@pytest.fixture
def directory(store: MemoryStore) -> MemoryUserDirectory:
    return MemoryUserDirectory(store)


@pytest.fixture
def expired(store: MemoryStore) -> MemoryExpiredApiKeys:
    return MemoryExpiredApiKeys(store)


@pytest.fixture
def tokens(store: MemoryStore) -> MemoryExpiredTokens:
    return MemoryExpiredTokens(store)


class TestMemoryUserDirectory(UserDirectorySuite): ...


class TestMemoryExpiredApiKeys(ExpiredApiKeysSuite): ...


class TestMemoryExpiredTokens(ExpiredTokensSuite): ...
