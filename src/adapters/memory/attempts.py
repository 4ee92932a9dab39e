"""Counters of attempts in memory: in tests, and in a node that has lost its Valkey."""

from collections.abc import Sequence
from typing import Final

from application.ports.attempts import Attempts
from application.ports.clock import Clock
from domain.users.attempts import FORGOTTEN_AFTER, Tally

_MOST: Final = 100_000


class MemoryAttempts(Attempts):
    """At most 100,000 counters: then the one that has been counted with least recently gives way."""

    def __init__(self, clock: Clock, most: int = _MOST) -> None:
        self._clock, self._most = clock, most
        self._tallies: dict[str, Tally] = {}

    async def tallies(self, names: Sequence[str]) -> Sequence[Tally | None]:
        """Look."""
        return [self._known(name) for name in names]

    async def add(self, names: Sequence[str]) -> Sequence[int]:
        """Count; what was counted last stands last."""
        return [self._count(name) for name in names]

    async def forget(self, names: Sequence[str]) -> None:
        """Drop them."""
        for name in names:
            self._tallies.pop(name, None)

    def _known(self, name: str) -> Tally | None:
        tally = self._tallies.get(name)
        return None if tally is None or self._clock.now() - tally.last_at >= FORGOTTEN_AFTER else tally

    def _count(self, name: str) -> int:
        known = self._known(name)
        count = 1 if known is None else known.count + 1
        self._tallies.pop(name, None)
        self._tallies[name] = Tally(count, self._clock.now())
        if len(self._tallies) > self._most:
            del self._tallies[next(iter(self._tallies))]
        return count
