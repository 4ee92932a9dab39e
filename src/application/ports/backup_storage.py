"""Where backups are kept: named streams of bytes."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A stream that is there: its name, its size in bytes as stored, and when it was put there."""

    name: str
    size: int
    stored_at: datetime


class BackupStorage(Protocol):
    """Names are paths with slashes. Every method raises TargetAway when the place gives no answer or refuses."""

    @abstractmethod
    async def put(self, name: str, content: AsyncIterator[bytes]) -> None:
        """Store a stream whole or not at all, in the place of one of the same name. It is lasting on return."""

    @abstractmethod
    def get(self, name: str) -> AsyncIterator[bytes]:
        """Yield the stream in pieces; ObjectMissing, ObjectDamaged, WrongKey."""

    @abstractmethod
    async def list(self, prefix: str) -> Sequence[StoredObject]:
        """Return all objects in the folder `prefix` and below, by name; "" is everything. None is no error."""

    @abstractmethod
    async def remove(self, names: Collection[str]) -> None:
        """Remove objects; those that are not there count as removed."""
