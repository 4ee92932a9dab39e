"""Identifiers and secrets."""

from abc import abstractmethod
from typing import Protocol


class Entropy(Protocol):
    """Where identifiers and secrets come from."""

    @abstractmethod
    def identifier(self, prefix: str, bucket: int) -> str:
        """Return a new TypeID with this prefix in this bucket."""

    @abstractmethod
    def bucket(self) -> int:
        """Return a bucket for a new user, each of 0 to 4,095 being as likely."""

    @abstractmethod
    def secret(self, prefix: str) -> str:
        """Return a new secret of 256 random bits behind `prefix`."""
