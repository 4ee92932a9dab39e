import pytest

from adapters.memory.entropy import MemoryEntropy
from adapters.memory.shares import MemoryLinkSeeds, MemoryShareReader
from adapters.memory.store import MemoryStore
from tests.contracts.ports.shares import LinkSeedsSuite, SharesSuite


@pytest.fixture
def shares(store: MemoryStore) -> MemoryShareReader:
    return MemoryShareReader(store)


@pytest.fixture
def seeds(store: MemoryStore) -> MemoryLinkSeeds:
    return MemoryLinkSeeds(store, MemoryEntropy(seed=25))


class TestMemoryShares(SharesSuite):
    """Shares in memory."""


class TestMemoryLinkSeeds(LinkSeedsSuite):
    """Seeds in memory."""
