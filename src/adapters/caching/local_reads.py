"""What one process does before it asks any server: remember for a moment, and join identical readings."""

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar, cast

from adapters.caching.joining import Flights
from adapters.caching.recent import LONGEST_LIFETIME, RecentObjects

T = TypeVar("T")


class LocalReads:
    """Remembers what was there (never what was absent) for `lifetime` seconds from the start of its reading.

    One per process, shared by its cached readers and its ForgettingCache; objects are handed out as they are, so they must be
    immutable.
    """

    def __init__(
        self, *, most: int = 4_096, lifetime: float = LONGEST_LIFETIME, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._recent = RecentObjects(monotonic, most=most, lifetime=lifetime)
        self._flights = Flights()
        self._monotonic = monotonic
        self._forgotten: dict[str, int] = {}

    async def read(self, key: str, load: Callable[[], Awaitable[T]], *, under: str | None = None) -> T:
        """Return what is remembered, else join the reading; forgetting `under` forgets this too."""
        name = self._name(key, under)
        known = self._recent.get(name)
        if known is not None:
            return cast("T", known)
        began = self._monotonic()
        return await self._flights.join(name, load, lambda found: self._remember(name, found, began))

    async def join(self, key: str, load: Callable[[], Awaitable[T]], *, under: str) -> T:
        """Join the reading without remembering what it finds."""
        return await self._flights.join(self._name(key, under), load, lambda _: None)

    def forget(self, keys: Iterable[str]) -> None:
        """Remember these no longer; readings under way land nowhere and are joined no more."""
        for key in keys:
            self._recent.forget(key)
            self._flights.part(key)
            if key in self._forgotten:
                self._forgotten[key] += 1

    def _name(self, key: str, under: str | None) -> str:
        return key if under is None else f"{key}@{self._forgotten.setdefault(under, 0)}"

    def _remember(self, name: str, found: object, began: float) -> None:
        if found is not None:
            self._recent.put(name, found, began)
