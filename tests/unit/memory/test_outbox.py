import pytest

from adapters.memory.clock import HandClock
from tests.contracts.ports.outbox import OutboxSuite, PassTime


class TestMemoryOutbox(OutboxSuite):
    """The outbox in memory."""

    @pytest.fixture
    def pass_time(self, clock: HandClock) -> PassTime:
        async def advance(seconds: float) -> None:
            clock.advance(seconds)

        return advance
