"""The cache in this process's memory."""

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

from application.ports.cache import Cache, Hit, Lease

_LEASE_SECONDS: Final = 10.0


class MemoryCache(Cache):
    """One dict; under a key lies a value or a lease, so that forgetting the key takes both away."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._stored: dict[str, tuple[Hit | Lease, float]] = {}
        self._tokens = count(1)

    async def read(self, key: str) -> Hit | Lease:
        """Return the value, or a lease that only one caller in ten seconds gets."""
        await asyncio.sleep(0)
        found = self._standing(key)
        if found is None:
            lease = Lease(f"lease-{next(self._tokens)}")
            self._stored[key] = lease, self._monotonic() + _LEASE_SECONDS
            return lease
        return found if isinstance(found, Hit) else Lease(None)

    async def fill(self, key: str, lease: str, value: bytes, lifetime: float) -> bool:
        """Put the value where the lease still lies."""
        await asyncio.sleep(0)
        if self._standing(key) != Lease(lease):
            return False
        self._stored[key] = Hit(value), self._monotonic() + lifetime
        return True

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Forget values and leases."""
        await asyncio.sleep(0)
        for key in keys:
            self._stored.pop(key, None)

    async def ping(self) -> None:
        """Memory is always there."""

    def _standing(self, key: str) -> Hit | Lease | None:
        found, ends_at = self._stored.get(key, (None, 0.0))
        return found if self._monotonic() < ends_at else None
