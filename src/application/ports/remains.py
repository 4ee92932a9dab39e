"""What is left of an account that was erased."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol

from domain.shared.identifiers import UserId


class Remains(Protocol):
    """Looks through the catalog and every shard, also those where the user's bucket is no longer.

    Both raise Unavailable when a database gives no answer, or while the bucket moves: what is on its way cannot be told.
    """

    @abstractmethod
    async def find(self, user_id: UserId) -> Mapping[str, int]:
        """Return how many rows are left by place and table ("shard 1: messages"), counted to a thousand; empty if none is.

        Rows without an owner of their own count when they are in the user's bucket and what they hang on is not there.
        """

    @abstractmethod
    async def remove(self, user_id: UserId) -> None:
        """Remove all of them, some at a time."""
