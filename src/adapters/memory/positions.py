"""Positions where there is one store."""

from collections.abc import Sequence

from application.freshness import Position
from application.ports.positions import Positions
from domain.shared.identifiers import RunId, UserId


class MemoryPositions(Positions):
    """Everybody reads what everybody writes, so there is one position."""

    @property
    def kept(self) -> bool:
        """There is nothing to read from but the store."""
        return False

    async def note(self, owner_id: UserId, pending: Sequence[RunId] = ()) -> Position:
        """Return the one position."""
        return Position(1, 0, 0)
