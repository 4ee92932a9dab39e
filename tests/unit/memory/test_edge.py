from collections.abc import Sequence

import pytest

from adapters.memory.edge import MemoryEdge
from tests.contracts.ports.edge_purger import EdgePurgerSuite, Serves, Stored


class TestMemoryEdge(EdgePurgerSuite):
    """The edge in memory."""

    @pytest.fixture
    def edge(self) -> MemoryEdge:
        return MemoryEdge()

    @pytest.fixture
    def stored(self, edge: MemoryEdge) -> Stored:
        async def store(address: str, keys: Sequence[str]) -> None:
            edge.store(address, keys)

        return store

    @pytest.fixture
    def serves(self, edge: MemoryEdge) -> Serves:
        async def serve(address: str) -> bool:
            return edge.serves(address)

        return serve

    @pytest.fixture
    def away(self) -> MemoryEdge:
        edge = MemoryEdge()
        edge.away = True
        return edge

    async def test_what_was_purged_is_kept_for_bad_times(self, edge: MemoryEdge) -> None:
        edge.store("/one", ["key"])
        await edge.purge(["key"], "name")
        assert edge.serves("/one", stale=True)
