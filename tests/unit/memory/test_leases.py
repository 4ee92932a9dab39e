"""Leases in memory."""

from itertools import count

import pytest

from adapters.memory.clock import HandClock
from adapters.memory.leases import MemoryRunLeases
from adapters.memory.store import MemoryStore
from domain.shared.identifiers import NodeId
from tests.contracts.ports.run_leases import Elapse, Join, RunLeasesSuite
from tests.support.builders import LATER


class TestMemoryRunLeases(RunLeasesSuite):
    @pytest.fixture
    def join(self, store: MemoryStore, clock: HandClock) -> Join:
        clock.advance((LATER - clock.now()).total_seconds() + 60)
        numbers = count(1)
        return lambda: MemoryRunLeases(store, NodeId(f"node_{next(numbers)}"))

    @pytest.fixture
    def elapse(self, clock: HandClock) -> Elapse:
        async def advance() -> None:
            clock.advance(4.5)

        return advance
