"""No cache at all: every reading goes to the database."""

from collections.abc import Sequence

from application.ports.cache import Cache, Forget, Hit, Lease, Lifetime, Miss


class NoCache(Cache):
    """Has nothing and takes nothing; identical readings at the same time are still joined above it."""

    def __init__(self) -> None:
        self._listeners: list[Forget] = []

    def peek(self, key: str) -> Hit | None:
        """Return nothing."""

    async def read(self, key: str) -> Hit | Lease | Miss:
        """Return that there is nothing to ask."""
        return Miss.AWAY

    async def fill(self, key: str, lease: str, value: bytes, lifetime: Lifetime, cost: float = 0.0) -> Hit | None:
        """Store nothing."""

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Tell who joins readings."""
        for forget in self._listeners:
            forget(keys)

    def listen(self, forget: Forget) -> None:
        """Call it on each invalidation."""
        self._listeners.append(forget)

    async def ping(self) -> None:
        """Nothing is never away."""
