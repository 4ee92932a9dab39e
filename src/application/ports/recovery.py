"""An empty place in which a server comes back out of a backup."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.backups.base import BaseBackup


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """What was looked at in a restored server, whether it is right, and a sentence."""

    name: str
    ok: bool
    text: str


class RestoredServer(Protocol):
    """A server that has recovered and runs; it takes writes from us alone."""

    @property
    @abstractmethod
    def recovered_to(self) -> datetime | None:
        """The moment of the last transaction that was replayed; None when there was none."""

    @property
    @abstractmethod
    def reached_target(self) -> bool:
        """Whether it stopped at the moment asked for; otherwise the log ended before."""

    @property
    @abstractmethod
    def addresses(self) -> Mapping[str, str]:
        """Each part of the application that it holds, with the address of that database."""

    @abstractmethod
    async def check(self) -> Sequence[CheckedPart]:
        """Look at the server by itself: schemas, numbers of rows, tables and indexes."""


class RecoveryPlace(Protocol):
    """One folder for one server."""

    @abstractmethod
    async def require_fit(self, backup: BaseBackup) -> None:
        """Return if nothing is there (PlaceTaken names it) and a server for this backup can run here (ServerRefuses)."""

    @abstractmethod
    async def unpack(self, content: AsyncIterator[bytes]) -> None:
        """Lay a base backup's files there; ObjectDamaged when they are not what its manifest says."""

    @abstractmethod
    async def add_wal(self, name: str, content: AsyncIterator[bytes], size: int | None) -> None:
        """Lay a file of the log ready; it is filled up with zeros to `size` bytes, if that is given."""

    @abstractmethod
    def recover(self, backup: BaseBackup, until: datetime | None) -> AbstractAsyncContextManager[RestoredServer]:
        """Start a server there, replay the log to its end or to `until`, and stop the server when the block ends."""

    @abstractmethod
    async def discard(self) -> None:
        """Remove everything that was made there."""


class ArchiveInspector(Protocol):
    """Looks at a base backup's archive without laying it down."""

    @abstractmethod
    async def faults(self, content: AsyncIterator[bytes]) -> Sequence[str]:
        """Return how its files differ from its manifest, each in a few words; ObjectDamaged when it cannot be read."""
