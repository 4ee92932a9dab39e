import pytest

from adapters.memory.attempts import MemoryAttempts
from adapters.memory.clock import HandClock
from application.ports.attempts import Attempts
from tests.contracts.ports.attempts import AttemptsSuite


class TestMemoryAttempts(AttemptsSuite):
    @pytest.fixture
    def attempts(self, clock: HandClock) -> Attempts:
        return MemoryAttempts(clock)


async def test_of_too_many_counters_the_one_that_was_used_least_recently_gives_way(clock: HandClock) -> None:
    attempts = MemoryAttempts(clock, most=3)
    await attempts.add(["a", "b", "c"])
    await attempts.add(["a"])
    await attempts.add(["d"])
    found = await attempts.tallies(["a", "b", "c", "d"])
    assert [None if one is None else one.count for one in found] == [2, None, 1, 1]
