"""The layers of cache that the settings name, one upon the other: ours, and those that other packages bring."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import entry_points
from typing import Final, NewType

from adapters.caching.counts import CacheCounts, CountedLayer
from adapters.caching.no_cache import NoCache
from adapters.caching.process_layer import ProcessLayer
from adapters.memory.cache import MemoryCache
from adapters.redis.cache import RedisCache
from application.ports.cache import REMEMBERED_SECONDS, Cache
from entrypoints.layer_names import GROUP, options_of
from entrypoints.settings import Settings, SettingsError

# What is counted of each layer, from the top.
LayerCounts = NewType("LayerCounts", list[CacheCounts])
_OpenOurs = Callable[[Cache | None, Settings], AbstractAsyncContextManager[Cache]]
# What others offer: a layer over the one below it, or over none, by its own options; it is closed when the context ends.
# ValueError says in one sentence which option is wrong, or that the layer cannot lie there.
OpenLayer = Callable[[Cache | None, Mapping[str, str]], AbstractAsyncContextManager[Cache]]


@asynccontextmanager
async def process(below: Cache | None, settings: Settings) -> AsyncIterator[Cache]:
    """Open the layer in this process's memory; alone it hears of no other node's changes, so nothing lives for long."""
    most = settings.cache_memory
    yield MemoryCache(most=most, longest=REMEMBERED_SECONDS) if below is None else ProcessLayer(below, most=most)


@asynccontextmanager
async def redis(below: Cache | None, settings: Settings) -> AsyncIterator[Cache]:
    """Open the layer on Redis or Valkey; it connects when it is first used."""
    if below is not None:
        raise SettingsError("ONELAST_CACHE_LAYERS: 'redis' has no layer below it, so it must be the last.")
    cache = RedisCache(settings.require_redis())
    try:
        yield cache
    finally:
        await cache.close()


_OURS: Final[Mapping[str, _OpenOurs]] = {"process": process, "redis": redis}


@asynccontextmanager
async def open_layers(settings: Settings, counts: LayerCounts) -> AsyncIterator[Cache]:
    """Open the layers from the lowest up, and put what is counted of each into `counts`, from the top; SettingsError."""
    cache: Cache | None = None
    async with AsyncExitStack() as opened:
        for name in reversed(settings.cache_layers):
            counted = CacheCounts(name)
            cache = CountedLayer(await _enter(opened, name, cache, settings), counted)
            counts.insert(0, counted)
        yield cache or NoCache()


def find_layer(name: str) -> OpenLayer:
    """Return how the layer of another package is opened; SettingsError when there is none, or it cannot be loaded."""
    found = entry_points(group=GROUP, name=name)
    if not found:
        raise SettingsError(f"ONELAST_CACHE_LAYERS names {name!r}, which no installed package offers.")
    try:
        opener: OpenLayer = next(iter(found)).load()
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"ONELAST_CACHE_LAYERS names {name!r}, which cannot be loaded: {error}.") from error
    return opener


async def _enter(opened: AsyncExitStack, name: str, below: Cache | None, settings: Settings) -> Cache:
    if name in _OURS:
        return await opened.enter_async_context(_OURS[name](below, settings))
    open_layer = find_layer(name)
    try:
        return await opened.enter_async_context(open_layer(below, options_of(name, settings.cache_options)))
    except ValueError as problem:
        raise SettingsError(str(problem)) from problem
