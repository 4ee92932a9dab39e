"""Counting attempts that were wrong."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.users.attempts import Tally


class Attempts(Protocol):
    """Counters by name, for all nodes together; while they cannot be reached, each node goes by counters of its own.

    15 minutes after its last attempt a counter is forgotten, by the clock.
    """

    @abstractmethod
    async def tallies(self, names: Sequence[str]) -> Sequence[Tally | None]:
        """Return each counter, None where nothing was counted or all is forgotten."""

    @abstractmethod
    async def add(self, names: Sequence[str]) -> Sequence[int]:
        """Count one more attempt with each, now, and return what they have come to."""

    @abstractmethod
    async def forget(self, names: Sequence[str]) -> None:
        """Begin anew with these."""
