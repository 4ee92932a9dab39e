"""How far an owner's own changes reach."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from application.freshness import Position
from domain.shared.identifiers import RunId, UserId


class Positions(Protocol):
    """Tells callers where they are, for their next readings."""

    @property
    @abstractmethod
    def kept(self) -> bool:
        """Tell whether there is anything to read from but the source; without, nobody needs a position."""

    @abstractmethod
    async def note(self, owner_id: UserId, pending: Sequence[RunId] = ()) -> Position:
        """Return a position after all that was committed for the owner; those `pending` runs that have ended are in it."""
