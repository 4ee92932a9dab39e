"""Telling a user's open clients, on whatever node, that a run of theirs has begun."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.shared.identifiers import RunId, UserId


class BellFeed(Protocol):
    """What one listener hears."""

    @abstractmethod
    async def next(self, patience: float) -> Sequence[RunId]:
        """Return the runs that began, waiting up to `patience` seconds; empty when none did."""

    @abstractmethod
    def close(self) -> None:
        """Stop listening; a `next` that waits returns at once."""


class RunBell(Protocol):
    """Best effort: what rings while a listener's node is cut off is not heard there. Lists tell everything."""

    @abstractmethod
    def ring(self, owner_id: UserId, run_id: RunId) -> None:
        """Tell the owner's listeners on all nodes, without waiting; never fails."""

    @abstractmethod
    async def listen(self, owner_id: UserId) -> BellFeed:
        """Return what the owner's listeners hear from now on; what rings later is missed only while nodes are out of touch."""
