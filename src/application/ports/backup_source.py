"""A database server that is backed up."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.backups.base import ServerFacts


@dataclass(frozen=True, slots=True)
class Bounds:
    """The timeline and the part of the log with which a base backup becomes whole."""

    timeline: int
    start: int
    stop: int


class BaseStream(Protocol):
    """A base backup while it is read."""

    @abstractmethod
    def content(self) -> AsyncIterator[bytes]:
        """Yield a tar archive with the data, the log they need and PostgreSQL's manifest; ServerRefuses."""

    @abstractmethod
    def bounds(self) -> Bounds:
        """Return what it needs of the log, after the last piece was read; ServerRefuses when it did not end well."""


@dataclass(frozen=True, slots=True)
class Progress:
    """At `at` by the server's clock it had flushed its log up to `flushed`, and we have it up to `received`."""

    at: datetime
    flushed: int
    received: int


@dataclass(frozen=True, slots=True)
class Received:
    """Names of files that have come: whole segments, the unfinished one(s), histories of timelines."""

    segments: Sequence[str]
    unfinished: Sequence[str]
    histories: Sequence[str]


class WalFeed(Protocol):
    """The log as it is written. What was not released comes again after whatever happens to this process."""

    @property
    @abstractmethod
    def begins_anew(self) -> bool:
        """Whether the server may have forgotten log that was not stored: what comes does not go on from what came before."""

    @abstractmethod
    async def progress(self) -> Progress:
        """Ask the server; ServerRefuses when the feed has broken."""

    @abstractmethod
    def received(self) -> Received:
        """Return what lies here now, each in the log's order."""

    @abstractmethod
    async def read(self, name: str) -> bytes:
        """Return a file that was received; of an unfinished one what has come so far, without the zeros at its end."""

    @abstractmethod
    async def release(self, segment: str) -> None:
        """Let the server and this machine forget a whole segment, and all before it, because it is stored elsewhere."""


class BackupSource(Protocol):
    """One server; every method raises ServerRefuses when it cannot be reached or does not let us."""

    @abstractmethod
    async def describe(self) -> ServerFacts:
        """Return what the server is."""

    @abstractmethod
    async def now(self) -> datetime:
        """Return the server's clock."""

    @abstractmethod
    def read_base(self) -> AbstractAsyncContextManager[BaseStream]:
        """Begin a base backup; leaving it early gives it up."""

    @abstractmethod
    def follow_wal(self) -> AbstractAsyncContextManager[WalFeed | None]:
        """Receive the log from where it was last released; None while somebody else in the cluster does it."""
