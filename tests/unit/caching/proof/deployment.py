"""Nodes over one store and one database, of which each may go wrong."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from adapters.caching.cached_reads import CachedReads
from adapters.caching.joining import Flights
from adapters.caching.no_cache import NoCache
from adapters.caching.process_layer import ProcessLayer
from adapters.caching.shapes import Shape
from adapters.memory.cache import MemoryCache
from adapters.memory.clock import HandClock
from adapters.redis.cache_copies import Copies
from application.ports.cache import REMEMBERED_SECONDS, Cache
from tests.support.model_store import Line, ModelStore, open_cache
from tests.unit.runs.node_life import Gate, HandLoop

LIFETIME_SECONDS: Final = 8.0
SHAPE: Final = Shape[int](int, lifetime=LIFETIME_SECONDS)
_TURNS: Final = 30


class Node:
    """A process. While it is frozen, its readings of the database and its messages wait."""

    def __init__(self, cache: Cache, monotonic: Callable[[], float]) -> None:
        self.cache = cache
        self.reads = CachedReads(cache, monotonic=monotonic)
        self.gate = Gate()


class Deployment:
    """How nodes are made, and how time goes by; `layers` for each node, as in ONELAST_CACHE_LAYERS."""

    store_type: type[ModelStore] = ModelStore
    line_type: type[Line] = Line
    copies_type: type[Copies] = Copies
    process_type: type[ProcessLayer] = ProcessLayer
    flights_type: type[Flights] = Flights
    repeats = True

    def __init__(self, layers: tuple[str, ...]) -> None:
        self.clock = HandClock()
        self.monotonic: Callable[[], float] = self.clock.monotonic
        self.runner = asyncio.Runner(loop_factory=lambda: HandLoop(self.clock))
        self.store = self.store_type(self.monotonic)
        self.lines: list[Line] = []
        self._layers = layers

    async def open(self) -> list[Node]:
        """Start the nodes."""
        nodes = [self._node(layers) for layers in self._layers]
        for node in nodes:
            node.reads._flights = self.flights_type(self.monotonic)
            node.cache.listen(node.reads._flights.part)
            await node.cache.read("warm")
            await self.settle()
        return nodes

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Let something begin, and all that can happen happen."""

        async def settle() -> Any:
            task = asyncio.ensure_future(work)
            await self.settle()
            return task

        return self.runner.run(settle())

    async def settle(self) -> None:
        """Return when nothing happens any more by itself."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Let time go by."""
        self.clock.advance(seconds)

    def close(self) -> None:
        """End everything."""
        self.runner.close()

    def _node(self, layers: str) -> Node:
        return Node(self._cache(layers), self.monotonic)

    def _cache(self, layers: str) -> Cache:
        match layers:
            case "none":
                return NoCache()
            case "process":
                return MemoryCache(longest=REMEMBERED_SECONDS, monotonic=self.monotonic)
        self.lines.append(self.line_type(self.store))
        shared = open_cache(self.lines[-1], self.monotonic, self.copies_type)
        return shared if layers == "redis" else self.process_type(shared, monotonic=self.monotonic)
