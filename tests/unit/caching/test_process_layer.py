import asyncio
import weakref
from dataclasses import replace

import pytest

from adapters.caching.process_layer import ProcessLayer
from adapters.memory.cache import MemoryCache
from application.ports.cache import Cache, Hit, Lease, Miss
from tests.contracts.ports.cache import HOUR, CacheSuite, PassTime, fill, leased
from tests.unit.caching.stored import HandClock, SharedCache


class TestProcessLayer(CacheSuite):
    """The layer in the process, over one that nodes share."""

    @pytest.fixture
    def cache(self, clock: HandClock) -> Cache:
        return ProcessLayer(MemoryCache(monotonic=clock), monotonic=clock)

    @pytest.fixture
    def pass_time(self, clock: HandClock) -> PassTime:
        async def advance(seconds: float) -> None:
            clock.now += seconds

        return advance


class DeafCache(SharedCache):
    """A layer that cannot tell of changes."""

    def listen(self, forget: object) -> None:
        """Tell nobody."""


async def test_what_was_read_is_known_for_a_second(cache: SharedCache, clock: HandClock) -> None:
    layer = ProcessLayer(cache, monotonic=clock)
    await fill(cache, "k", b"x")
    assert layer.peek("k") is None
    await layer.read("k")
    clock.now += 0.999
    assert layer.peek("k") == Hit(b"x")
    clock.now += 0.001
    assert layer.peek("k") is None


async def test_nothing_is_known_of_a_layer_that_tells_of_no_changes(clock: HandClock) -> None:
    deaf = DeafCache(clock)
    layer = ProcessLayer(deaf, monotonic=clock)
    await fill(layer, "k", b"x")
    await layer.read("k")
    assert (layer.peek("k"), await layer.read("k")) == (None, Hit(b"x"))


async def test_a_change_on_another_node_is_heard_at_once(cache: SharedCache, clock: HandClock) -> None:
    layers = [ProcessLayer(cache, monotonic=clock) for _ in range(2)]
    await fill(layers[0], "k", b"x")
    await layers[1].read("k")
    assert [layer.peek("k") for layer in layers] == [Hit(b"x")] * 2
    await layers[0].invalidate(["k"])
    assert [layer.peek("k") for layer in layers] == [None, None]


async def test_a_reading_under_way_when_its_key_is_forgotten_is_not_kept(cache: SharedCache, clock: HandClock) -> None:
    layer = ProcessLayer(cache, monotonic=clock)
    await fill(cache, "k", b"old")
    reading = asyncio.create_task(layer.read("k"))
    await asyncio.sleep(0)
    await cache.invalidate(["k"])
    assert isinstance(await reading, Hit | Lease)
    assert layer.peek("k") is None


async def test_the_bytes_of_a_process_are_bounded_and_the_least_used_go_first(cache: SharedCache, clock: HandClock) -> None:
    layer = ProcessLayer(cache, most=10_000, monotonic=clock)
    for key in ("a", "b"):
        await fill(layer, key, b"x" * 1_000)
    assert layer.peek("a") is not None
    await fill(layer, "c", b"x" * 1_000)
    assert [key for key in "abc" if layer.peek(key)] == ["a", "c"]
    await fill(layer, "huge", b"x" * 9_000)
    assert (layer.peek("huge"), await layer.read("huge")) == (None, Hit(b"x" * 9_000))


class CopyingCache(SharedCache):
    """A layer that hands out each value anew, as a server does."""

    async def read(self, key: str) -> Hit | Lease | Miss:
        """Return a copy."""
        found = await super().read(key)
        return replace(found) if isinstance(found, Hit) else found


async def test_what_may_be_kept_no_longer_is_let_go_when_something_else_comes(clock: HandClock) -> None:
    class Value: ...

    cache = CopyingCache(clock)
    layer, values = ProcessLayer(cache, monotonic=clock), []
    for key in "abc":
        await fill(cache, key, b"x")

    async def read(key: str) -> None:
        hit = await layer.read(key)
        assert isinstance(hit, Hit)
        hit.decoded = (Value(),)
        values.append(weakref.ref(hit.decoded[0]))
        clock.now += 0.6

    await read("a")
    await read("b")
    assert [value() is not None for value in values] == [True, True]
    await read("c")
    assert [value() is not None for value in values] == [False, True, True]


async def test_a_process_alone_keeps_nothing_for_longer_than_a_second(clock: HandClock) -> None:
    alone = MemoryCache(longest=1.0, monotonic=clock)
    await alone.fill("k", await leased(alone, "k"), b"x", HOUR)
    clock.now += 0.4
    assert alone.peek("k") == Hit(b"x")
    clock.now += 0.6
    assert isinstance(await alone.read("k"), Lease)
