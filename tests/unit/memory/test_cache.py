import pytest

from adapters.memory.cache import MemoryCache
from adapters.memory.clock import HandClock
from tests.contracts.ports.cache import CacheSuite, PassTime


class TestMemoryCache(CacheSuite):
    """The cache in memory."""

    @pytest.fixture
    def cache(self, clock: HandClock) -> MemoryCache:
        return MemoryCache(monotonic=clock.monotonic)

    @pytest.fixture
    def pass_time(self, clock: HandClock) -> PassTime:
        async def advance(seconds: float) -> None:
            clock.advance(seconds)

        return advance
