"""Reading through a cache: what is there is taken, what is not is read by one filler."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from msgspec import DecodeError

from adapters.caching.shapes import Shape
from application.ports.cache import Cache, Hit, Lease

T = TypeVar("T")
_PAUSE_SECONDS: Final = 0.02
_IMPATIENCE_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


class LeasedReads:
    """Waits up to `patience` seconds for another's fill, then reads without filling.

    The cache answers alike when another fills and when it is away; after a wait in vain nobody waits for a second.
    """

    def __init__(self, cache: Cache, *, patience: float = 0.06, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._cache, self._patience, self._monotonic = cache, patience, monotonic
        self._impatient_until = 0.0

    async def read(self, key: str, shape: Shape[T], load: Callable[[], Awaitable[T]]) -> T:
        """Return the cached value, else what `load` returns (or raises), which is cached if the lease is ours and stands."""
        found = await self._find(key)
        if isinstance(found, Hit):
            try:
                return shape.decode(found.value)
            except DecodeError:
                _log.error("a cached value has not the shape that its key promises", extra={"kind": key.split(":")[1]})
                return await load()
        value = await load()
        if found.token is not None:
            await self._cache.fill(key, found.token, shape.encode(value), shape.lifetime_of(value))
        return value

    async def _find(self, key: str) -> Hit | Lease:
        began = self._monotonic()
        found = await self._cache.read(key)
        while found == Lease(None) and not self._gives_up(began):
            await asyncio.sleep(_PAUSE_SECONDS)
            found = await self._cache.read(key)
        return found

    def _gives_up(self, began: float) -> bool:
        now = self._monotonic()
        if now >= self._impatient_until and now - began >= self._patience:
            self._impatient_until = now + _IMPATIENCE_SECONDS
        return now < self._impatient_until
