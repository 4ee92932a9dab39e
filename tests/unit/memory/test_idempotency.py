from datetime import timedelta

import pytest

from adapters.memory.clock import HandClock
from adapters.memory.idempotency import MemoryExpiredKeys
from adapters.memory.store import MemoryStore
from domain.shared.identifiers import UserId
from tests.contracts.ports.idempotency import Age, KeysSuite, KeysWithEffectsSuite


@pytest.fixture
def age(clock: HandClock) -> Age:
    async def let_pass(_: UserId, time: timedelta) -> None:
        clock.advance(time.total_seconds())

    return let_pass


@pytest.fixture
def expired(store: MemoryStore) -> MemoryExpiredKeys:
    return MemoryExpiredKeys(store)


class TestMemoryKeys(KeysSuite):
    """Keys in memory."""


class TestMemoryKeysWithEffects(KeysWithEffectsSuite):
    """Keys and their effects in memory."""
