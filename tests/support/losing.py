"""A store that loses commits on their way: before they are stored, or on the way back, when nobody can tell any more."""

from collections.abc import Callable
from typing import TypeVar

from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables
from application.ports.clock import Clock
from domain.shared.errors import Unavailable

T = TypeVar("T")


class LosingStore(MemoryStore):
    """A memory store for the memory adapters that does well until it is told to lose."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._losses, self._stored = 0, False

    def lose(self, times: int = 1, *, stored: bool = False) -> None:
        """Lose the next so many changes; with `stored` only that they were stored."""
        self._losses, self._stored = times, stored

    async def change(self, work: Callable[[Tables], T]) -> T:
        """Make the change, or lose it: Unavailable."""
        if self._losses == 0:
            return await super().change(work)
        self._losses -= 1
        if self._stored:
            await super().change(work)
        raise Unavailable("The database gives no answer.")
