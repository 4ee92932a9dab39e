"""Reading through a cache: what is there is taken, what is not is read by one filler."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast

from msgspec import DecodeError

from adapters.caching.joining import Flights
from adapters.caching.shapes import Shape
from application.ports.cache import Cache, Hit, Lease, Miss

T = TypeVar("T")
Load = Callable[[], Awaitable[T]]
_FIRST_PAUSE_SECONDS: Final = 0.005
_LONGEST_PAUSE_SECONDS: Final = 0.05
_log = logging.getLogger(__name__)


class CachedReads:
    """Waits up to `patience` seconds for another's fill, then reads without filling. One for each cache of a process.

    Identical readings that have not begun are one. Values are handed out as they are, to several callers: they must be immutable.
    """

    def __init__(
        self, cache: Cache, *, patience: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._cache, self._patience, self._monotonic = cache, patience, monotonic
        self._flights = Flights(monotonic)
        self._refreshing: set[asyncio.Task[None]] = set()
        cache.listen(self._flights.part)

    async def read(self, key: str, shape: Shape[T], load: Load[T], *, lax: Load[T] | None = None, who: str = "") -> T:
        """Return the cached value, else what `load` returns (or raises), which is cached if the lease is ours and stands.

        What is not to be cached comes from `lax`, if there is one: it may be older than what others want, so only those with
        the same `who` are joined.
        """
        known = self._known(key)
        if known is not None:
            return cast("T", known[0])
        return await self._flights.join(
            key + who, lambda: self._through(key, shape, load, lax or load), lambda: self._known(key)
        )

    async def join(self, key: str, load: Load[T]) -> T:
        """Join the next reading without caching what it finds."""
        return await self._flights.join(key, load)

    async def close(self) -> None:
        """Leave off refreshing."""
        for task in tuple(self._refreshing):
            task.cancel()
        await asyncio.gather(*self._refreshing, return_exceptions=True)

    def _known(self, key: str) -> tuple[Any] | None:
        hit = self._cache.peek(key)
        return None if hit is None else hit.decoded

    async def _through(self, key: str, shape: Shape[T], load: Load[T], uncached: Load[T]) -> T:
        found = await self._find(key)
        if isinstance(found, Lease):
            return await self._filled(key, found.token, shape, load)
        if isinstance(found, Miss):
            return await uncached()
        try:
            value = _opened(found, shape)
        except DecodeError:
            _log.error("a cached value has not the shape that its key promises", extra={"kind": key.split(":")[1]})
            return await load()
        if found.refresh is not None:
            self._refresh(key, found.refresh, shape, load)
        return value

    async def _find(self, key: str) -> Hit | Lease | Miss:
        found, pause = await self._cache.read(key), _FIRST_PAUSE_SECONDS
        gives_up = self._monotonic() + self._patience
        while found is Miss.FILLING and self._monotonic() < gives_up:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            found = await self._cache.read(key)
        return found

    async def _filled(self, key: str, lease: str, shape: Shape[T], load: Load[T]) -> T:
        began = self._monotonic()
        value = await load()
        cost = self._monotonic() - began
        hit = await self._cache.fill(key, lease, shape.encode(value), shape.lifetime_of(value), cost)
        if hit is not None:
            hit.decoded = (value,)
        return value

    def _refresh(self, key: str, lease: str, shape: Shape[T], load: Load[T]) -> None:
        task = asyncio.create_task(self._refreshed(key, lease, shape, load))
        self._refreshing.add(task)
        task.add_done_callback(self._refreshing.discard)

    async def _refreshed(self, key: str, lease: str, shape: Shape[T], load: Load[T]) -> None:
        try:
            await self._filled(key, lease, shape, load)
        except Exception as failure:  # noqa: BLE001  (whoever reads it when it has expired is told)
            _log.warning("a value could not be refreshed", extra={"kind": key.split(":")[1], "reason": type(failure).__name__})


def _opened(hit: Hit, shape: Shape[T]) -> T:
    if hit.decoded is None:
        hit.decoded = (shape.decode(hit.value),)
    return cast("T", hit.decoded[0])
