"""The replayable log of a run's events: what viewers see, numbered from 1 without gaps, ended by `End`."""

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from application.runs.views import RunView
from domain.runs.run import RunError, RunStatus, Usage
from domain.sessions.message import Message
from domain.shared.errors import Conflict
from domain.shared.identifiers import RunId


@dataclass(frozen=True, slots=True)
class RunCreated:
    """The run was accepted for this message."""

    run: RunView
    message: Message


@dataclass(frozen=True, slots=True)
class MessageDelta:
    """More text of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """The reply is made anew; `keep` tells whether the text so far stands and is continued, or is replaced."""

    attempt: int
    reason: str
    keep: bool


@dataclass(frozen=True, slots=True)
class MessageCompleted:
    """The reply as it was stored."""

    message: Message
    usage: Usage


@dataclass(frozen=True, slots=True)
class RunFailed:
    """Why there is no whole reply."""

    error: RunError


@dataclass(frozen=True, slots=True)
class RunCancelled:
    """The user stopped the reply."""


@dataclass(frozen=True, slots=True)
class End:
    """Nothing follows."""

    status: RunStatus


RunEventBody = RunCreated | MessageDelta | AttemptStarted | MessageCompleted | RunFailed | RunCancelled | End


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One entry of the log."""

    run_id: RunId
    seq: int
    body: RunEventBody


class FencedOut(Conflict):
    """Another node took the run over and wrote this number first."""

    code = "fenced_out"


class RunWriter(Protocol):
    """Writes the log of a run for the one attempt that it was opened for.

    Numbers are given when events are written: pieces of text that were told in a short time become one event. Viewers
    see an event when it is in the log. While a log that is shared by nodes is away, the viewers of this node see events
    all the same, and the log is made whole when it is back.
    """

    @abstractmethod
    def tell(self, *bodies: RunEventBody) -> None:
        """Take the events to be written, without waiting; FencedOut when another attempt has written in between."""

    @abstractmethod
    async def settle(self) -> int:
        """Wait until all that was told is written and return the last number; FencedOut."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A writer, and what earlier attempts have written: all they ever will."""

    writer: RunWriter
    written: Sequence[RunEvent]


class RunFeed(Protocol):
    """One viewer's reading of a log, from its cursor on."""

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether the reading was stopped, here or by the log itself: nothing comes any more, and a viewer begins anew."""

    @abstractmethod
    async def next(self, patience: float) -> Sequence[RunEvent]:
        """Return what follows, in order, waiting up to `patience` seconds; empty when nothing came."""

    @abstractmethod
    def close(self) -> None:
        """Stop reading; a `next` that waits returns at once, and nothing comes any more."""


class RunLog(Protocol):
    """Append-only, one writer at a time, any number of readers. What was lost of an ended run is rebuilt from the database."""

    @abstractmethod
    def begin(self, run_id: RunId, stored: "asyncio.Future[None] | None" = None) -> RunWriter:
        """Return the writer of a run's first attempt, whose log does not exist yet.

        Nothing is written or seen before the run is `stored` (None: it is); when that is cancelled the writer is refused.
        """

    @abstractmethod
    async def take_over(self, created: RunCreated, opening: AttemptStarted) -> Opened:
        """Write the opening of a later attempt, after which earlier ones are refused, and return its writer.

        `created` goes before it where nothing is written yet. FencedOut when a later attempt has written; Unavailable.
        """

    @abstractmethod
    async def last_seq(self, run_id: RunId) -> int:
        """Return the last number in the log; 0 when there is none (not begun, expired, or lost). Unavailable."""

    @abstractmethod
    async def ping(self) -> None:
        """Return if the log can be reached; Unavailable if not."""

    @abstractmethod
    async def feed(self, run_id: RunId, after: int) -> RunFeed:
        """Return a reading of all events with a seq over `after`, also those to come; Unavailable."""
