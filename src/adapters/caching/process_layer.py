"""The layer in this process's memory, in front of one that several nodes share."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from cachebox import LRUCache

from application.ports.cache import Cache, Forget, Hit, Lease, Lifetime, Miss, bytes_taken

_Entry = tuple[Hit | None, float]
_NOTHING: Final[_Entry] = (None, 0.0)


class ProcessLayer(Cache):
    """At most `most` bytes, the least recently used go first; each for as long as the layer below lets it be kept.

    What may be kept no longer goes when something else comes: values of a second weigh a process down less than all that fit.

    A layer that could not tell of a change says that nothing may be kept: then this one answers with nothing.
    """

    def __init__(
        self, below: Cache, *, most: int = 64 << 20, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._below, self._monotonic = below, monotonic
        self._entries: LRUCache[str, _Entry] = LRUCache(most, getsizeof=lambda key, entry: bytes_taken(key, entry[0]))
        self._most = most
        self._ends: deque[tuple[float, str, _Entry]] = deque()
        # Readings under way, by key: what is forgotten meanwhile is not kept.
        self._reading: dict[str, set[object]] = {}
        self._listeners: list[Forget] = []
        below.listen(self._forget)

    def peek(self, key: str) -> Hit | None:
        """Return the value while it may be kept."""
        hit, ends_at = self._entries.get(key, _NOTHING)
        return hit if self._monotonic() < ends_at else None

    async def read(self, key: str) -> Hit | Lease | Miss:
        """Return the value from here or from below."""
        known = self.peek(key)
        if known is not None:
            return known
        began, reading = self._monotonic(), self._begin(key)
        try:
            found = await self._below.read(key)
            if isinstance(found, Hit):
                self._keep(key, found, began, reading)
            return found
        finally:
            self._end(key, reading)

    async def fill(self, key: str, lease: str, value: bytes, lifetime: Lifetime, cost: float = 0.0) -> Hit | None:
        """Fill the layer below, and keep what was stored there."""
        began, reading = self._monotonic(), self._begin(key)
        try:
            stored = await self._below.fill(key, lease, value, lifetime, cost)
            if stored is not None:
                self._keep(key, stored, began, reading)
            return stored
        finally:
            self._end(key, reading)

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Invalidate below, and forget here in any case: in the other order a reading would bring the old value back."""
        try:
            await self._below.invalidate(keys)
        finally:
            self._forget(keys)

    def listen(self, forget: Forget) -> None:
        """Call it with all that is forgotten here."""
        self._listeners.append(forget)

    async def ping(self) -> None:
        """Ask the layer below."""
        await self._below.ping()

    def _begin(self, key: str) -> object:
        reading = object()
        self._reading.setdefault(key, set()).add(reading)
        return reading

    def _end(self, key: str, reading: object) -> None:
        readings = self._reading.get(key)
        if readings is not None:
            readings.discard(reading)
            if not readings:
                del self._reading[key]

    def _keep(self, key: str, hit: Hit, began: float, reading: object) -> None:
        if hit.keep <= 0 or reading not in self._reading.get(key, ()):
            return
        entry: _Entry = (Hit(hit.value, decoded=hit.decoded) if hit.refresh else hit, began + hit.keep)
        self._entries.pop(key, None)
        self._drop_ended()
        if bytes_taken(key, hit) <= self._most:
            self._entries[key] = entry
            self._ends.append((entry[1], key, entry))

    def _drop_ended(self) -> None:
        """Drop what may be kept no longer; they end about in the order in which they came."""
        now = self._monotonic()
        while self._ends and self._ends[0][0] <= now:
            _, key, ended = self._ends.popleft()
            if self._entries.get(key) is ended:
                del self._entries[key]

    def _forget(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._entries.pop(key, None)
            self._reading.pop(key, None)
        for forget in self._listeners:
            forget(keys)

