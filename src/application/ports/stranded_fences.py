"""Fences of moves whose mover has died."""

from abc import abstractmethod
from typing import Protocol


class StrandedFences(Protocol):
    """Looks after a move that nobody carries on any more, so that nobody waits at its fence for ever."""

    @abstractmethod
    async def lower(self) -> int:
        """Take down the fences that a dead mover left standing; return how many buckets were freed. Unavailable.

        A mover that lives is left alone, and one that was only believed dead cannot finish on a fence that was taken down.
        """
