"""Passwords."""

from abc import abstractmethod
from typing import Protocol


class PasswordHasher(Protocol):
    """Hashes passwords slowly, in a bounded pool; more callers than it can queue raise Unavailable."""

    @abstractmethod
    async def hash(self, password: str) -> str:
        """Return the hash to store."""

    @abstractmethod
    async def verify(self, password: str, stored: str | None) -> bool:
        """Return whether the password fits; with `stored` None (no such user) take as long and return False."""
