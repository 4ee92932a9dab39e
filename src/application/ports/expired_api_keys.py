"""API keys that are good no longer."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class ExpiredApiKeys(Protocol):
    """The keys of all users that have an end."""

    @abstractmethod
    async def remove(self, ended_before: datetime, limit: int) -> int:
        """Remove up to `limit` keys that ended before that moment, the oldest first, and return how many; Unavailable."""
