"""The cache in this process's memory."""

import asyncio
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from cachebox import LRUCache

from application.ports.cache import LEASE_SECONDS, REMEMBERED_SECONDS, Cache, Forget, Hit, Lease, Lifetime, Miss, bytes_taken


@dataclass(slots=True)
class _Entry:
    """A value or none, and a lease or none; times are on the monotonic clock."""

    hit: Hit | None = None
    ends_at: float = 0.0
    stale_at: float = 0.0
    cost: float = 0.0
    lease: str | None = None
    leased_until: float = 0.0


class MemoryCache(Cache):
    """At most `most` bytes, the least recently used go first; no value lives for longer than `longest` seconds.

    Under a key lie the value and the lease, so that forgetting the key takes both away.
    """

    def __init__(
        self, *, most: int = 64 << 20, longest: float = math.inf, monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._monotonic, self._longest, self._chance = monotonic, longest, chance
        self._entries: LRUCache[str, _Entry] = LRUCache(most, getsizeof=lambda key, entry: bytes_taken(key, entry.hit))
        self._tokens = count(1)
        self._listeners: list[Forget] = []

    def peek(self, key: str) -> Hit | None:
        """Return the value while nobody has to refresh it."""
        entry, now = self._entry(key), self._monotonic()
        return entry.hit if entry is not None and entry.hit is not None and now < min(entry.ends_at, entry.stale_at) else None

    async def read(self, key: str) -> Hit | Lease | Miss:
        """Return the value, or the lease that only one caller in ten seconds gets."""
        await asyncio.sleep(0)
        now = self._monotonic()
        entry = self._entry(key)
        if entry is None or (entry.hit is None and now >= entry.leased_until):
            return Lease(self._lease(key, _Entry(), now))
        if entry.hit is None:
            return Miss.FILLING
        if now >= entry.ends_at:
            return Lease(self._lease(key, _Entry(), now)) if now >= entry.leased_until else Miss.FILLING
        return self._found(key, entry, entry.hit, now)

    async def fill(self, key: str, lease: str, value: bytes, lifetime: Lifetime, cost: float = 0.0) -> Hit | None:
        """Put the value where the lease still lies; its life is counted from the lease, which is older than the reading."""
        await asyncio.sleep(0)
        entry, now = self._entry(key), self._monotonic()
        if entry is None or entry.lease != lease or now >= entry.leased_until:
            return None
        seconds = min(lifetime.seconds, self._longest)
        ends_at = max(entry.leased_until - LEASE_SECONDS + seconds, now)
        hit = Hit(value, keep=min(REMEMBERED_SECONDS, ends_at - now) if self._listeners else 0.0)
        self._put(key, _Entry(hit, ends_at, ends_at - min(lifetime.stale, seconds / 2), cost))
        return hit

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Forget values and leases."""
        await asyncio.sleep(0)
        for key in keys:
            self._entries.pop(key, None)
        for forget in self._listeners:
            forget(keys)

    def listen(self, forget: Forget) -> None:
        """Call it on each invalidation."""
        self._listeners.append(forget)

    async def ping(self) -> None:
        """Memory is always there."""

    def _entry(self, key: str) -> _Entry | None:
        return self._entries.get(key, None)

    def _found(self, key: str, entry: _Entry, hit: Hit, now: float) -> Hit:
        hit.keep = min(REMEMBERED_SECONDS, entry.ends_at - now) if self._listeners else 0.0
        urge = -math.log(max(self._chance(), 1e-9)) * entry.cost
        if now + urge < entry.stale_at or now < entry.leased_until:
            return hit
        return Hit(hit.value, refresh=self._lease(key, entry, now), keep=hit.keep, decoded=hit.decoded)

    def _lease(self, key: str, entry: _Entry, now: float) -> str:
        entry.lease, entry.leased_until = f"lease-{next(self._tokens)}", now + LEASE_SECONDS
        self._put(key, entry)
        return entry.lease

    def _put(self, key: str, entry: _Entry) -> None:
        self._entries.pop(key, None)
        if bytes_taken(key, entry.hit) <= self._entries.maxsize:
            self._entries[key] = entry
