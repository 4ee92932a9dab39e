"""Invalidation that also reaches what this process remembers."""

from collections.abc import Sequence

from adapters.caching.local_reads import LocalReads
from application.ports.cache import Cache, Hit, Lease


class ForgettingCache(Cache):
    """Another cache whose invalidations make LocalReads forget too, even when the cache itself cannot be reached."""

    def __init__(self, inner: Cache, local: LocalReads) -> None:
        self._inner, self._local = inner, local

    async def read(self, key: str) -> Hit | Lease:
        """Read the other cache."""
        return await self._inner.read(key)

    async def fill(self, key: str, lease: str, value: bytes, lifetime: float) -> bool:
        """Fill the other cache."""
        return await self._inner.fill(key, lease, value, lifetime)

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Invalidate there, then forget here: in the other order a reading in between would bring the old value back."""
        try:
            await self._inner.invalidate(keys)
        finally:
            self._local.forget(keys)

    async def ping(self) -> None:
        """Ask the other cache."""
        await self._inner.ping()
