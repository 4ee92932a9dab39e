"""Tokens that are good no longer, of all users."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class ExpiredTokens(Protocol):
    """Each removes up to `limit` rows from before that moment, the oldest first, and returns how many; Unavailable."""

    @abstractmethod
    async def remove_sign_ins(self, ended_before: datetime, limit: int) -> int:
        """Remove sign-ins that ran out, with the tokens that they have spent."""

    @abstractmethod
    async def remove_spent(self, spent_before: datetime, limit: int) -> int:
        """Remove refresh tokens that were spent; their sign-ins stay."""

    @abstractmethod
    async def remove_mailed(self, ended_before: datetime, limit: int) -> int:
        """Remove mailed tokens that ran out."""
