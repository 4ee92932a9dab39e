"""Looking at everything that is stored, piece by piece, and mending single rows."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.consistency.facts import Facts
from domain.consistency.whereabouts import Whereabouts
from domain.shared.identifiers import EventId, MessageId, RunId, SessionId, ShareId

Cursor = tuple[str | int, ...]


class Kind(StrEnum):
    """What is looked through, each in the order of its key."""

    PINS = "pins"
    EVENTS = "events"
    RUNS = "runs"
    MESSAGES = "messages"
    SHARES = "shares"
    SESSIONS = "sessions"
    KEYS = "idempotency keys"
    INDEXES = "indexes"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows with what belongs to each, as they were at one moment; without a cursor it is the last."""

    facts: Sequence[Facts]
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class Numbering:
    """The numbers of a session's messages."""

    count: int
    first: int
    last: int

    @property
    def whole(self) -> bool:
        """Whether they run from 1 to the last without a gap."""
        return self.count == self.last and self.first == min(self.count, 1)


@dataclass(frozen=True, slots=True)
class Turns:
    """The runs of a session that have not ended, in their order."""

    streaming: Sequence[RunId]
    queued: Sequence[RunId]


class Evidence(Protocol):
    """Reads all shards and the catalog (a shard that is None); no reading is large, and none keeps a writer waiting.

    Unavailable when a database gives no answer.
    """

    @abstractmethod
    async def whereabouts(self) -> Whereabouts:
        """Return where things belong now."""

    @abstractmethod
    async def batch(self, kind: Kind, shard: int | None, after: Cursor | None) -> Batch:
        """Return the next rows of a kind, from the first on if no cursor is given."""

    @abstractmethod
    async def again(self, kind: Kind, shard: int | None, keys: Sequence[str]) -> Sequence[Facts]:
        """Return these rows as they are now; those that are gone are left out."""

    @abstractmethod
    async def numbering(self, shard: int, session_id: SessionId) -> Numbering:
        """Return the numbers of a session's messages; all are 0 where there is none."""

    @abstractmethod
    async def turns(self, shard: int, session_id: SessionId) -> Turns:
        """Return the runs of a session that have not ended."""

    @abstractmethod
    async def holds(self, session_id: SessionId) -> bool:
        """Tell whether any shard, right or wrong, has this session."""


class RowRepairs(Protocol):
    """Repairs of rows that belong to no session; each touches one row, and none that is not as expected: then it tells False."""

    @abstractmethod
    async def remove_message(self, shard: int, message_id: MessageId) -> bool:
        """Remove a message of more than an hour ago whose session is not there."""

    @abstractmethod
    async def remove_run(self, shard: int, run_id: RunId) -> bool:
        """Remove a run of more than an hour ago whose session is not there."""

    @abstractmethod
    async def remove_share(self, shard: int, share_id: ShareId) -> bool:
        """Remove a share of more than an hour ago whose session is not there."""

    @abstractmethod
    async def expedite(self, shard: int | None, event_id: EventId) -> bool:
        """Make an event that was tried many times due now, as if it had never been tried."""
