"""Writing a shard: sessions and all that hangs on them, by their owner."""

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from application.ports.idempotency import IdempotencyRepository
from domain.analytics.usage import UsageEntry
from domain.runs.run import Run
from domain.sessions.message import Message
from domain.sessions.session import Session
from domain.sessions.share import Share
from domain.shared.events import DomainEvent
from domain.shared.identifiers import RunId, SessionId, ShareId, UserId


class SessionRepository(Protocol):
    """Sessions of the unit's owner; another owner's are not found."""

    @abstractmethod
    async def get(self, session_id: SessionId) -> Session:
        """Return the session; SessionNotFound if the owner has no such."""

    @abstractmethod
    async def list_some(self, limit: int) -> Sequence[Session]:
        """Return up to `limit` sessions of the owner's, the oldest first."""

    @abstractmethod
    def add(self, session: Session) -> None:
        """Store a new session on commit."""

    @abstractmethod
    def save(self, session: Session) -> None:
        """Store changes on commit; StaleWrite there if somebody else stored a change since `get`."""

    @abstractmethod
    def remove(self, session: Session) -> None:
        """Remove the session, its messages, runs and share on commit."""

    @abstractmethod
    def remove_all(self) -> None:
        """Remove all that the owner has on the shard on commit."""


class MessageRepository(Protocol):
    """Messages are only ever added; the session that numbers them is saved in the same unit."""

    @abstractmethod
    def add(self, message: Message) -> None:
        """Store a new message on commit."""

    @abstractmethod
    def supersede(self, message: Message) -> None:
        """Have readers pass over the message from the commit on, for another takes its place; its number stays taken."""


class RunRepository(Protocol):
    """Runs of the unit's owner."""

    @abstractmethod
    async def get(self, run_id: RunId) -> Run:
        """Return the run; RunNotFound if the owner has no such."""

    @abstractmethod
    async def next_queued(self, session_id: SessionId) -> Run | None:
        """Return the run that has waited longest in this session, or None."""

    @abstractmethod
    def add(self, run: Run) -> None:
        """Store a new run on commit."""

    @abstractmethod
    def save(self, run: Run) -> None:
        """Store changes on commit; StaleWrite there if somebody else stored a change since `get`."""


class ShareRepository(Protocol):
    """Shares of the unit's owner, at most one for each session; the session is saved in the same unit as a new one."""

    @abstractmethod
    async def find(self, session_id: SessionId) -> Share | None:
        """Return the share of the owner's session, or None."""

    @abstractmethod
    async def list_ids(self) -> tuple[ShareId, ...]:
        """Return all shares of the owner."""

    @abstractmethod
    def add(self, share: Share) -> None:
        """Store a new share on commit; StaleWrite there if the session has one by now."""

    @abstractmethod
    def save(self, share: Share) -> None:
        """Store changes on commit; StaleWrite there if somebody else stored a change since `find`."""

    @abstractmethod
    def remove(self, share: Share) -> None:
        """Remove the share on commit; StaleWrite there if somebody else stored a change since `find`."""


class UsageRepository(Protocol):
    """The ledger of the unit's owner: it outlives the sessions it tells of, and goes with the account."""

    @abstractmethod
    def book(self, entry: UsageEntry) -> None:
        """Store an entry on commit and count it for its day; StaleWrite there if an entry with this identifier is stored."""

    @abstractmethod
    def forget(self, entry_ids: Sequence[str]) -> None:
        """Remove these entries on commit, of an account that goes with all its days."""


class ShardUnitOfWork(Protocol):
    """One change of what one owner has: all of it or nothing. Reads see what is stored, not what is staged.

    After a commit the saved entities carry their new version and may be saved again in a later unit.
    """

    sessions: SessionRepository
    messages: MessageRepository
    runs: RunRepository
    shares: ShareRepository
    usage: UsageRepository
    keys: IdempotencyRepository

    @abstractmethod
    def record(self, event: DomainEvent) -> None:
        """Write the event to the shard's outbox on commit."""

    @abstractmethod
    async def commit(self) -> None:
        """Store what was staged, with its events, at once; leaving without commit stores nothing."""


class Shards(Protocol):
    """Opens units of work on the shard that holds an owner's bucket."""

    @abstractmethod
    def open(self, owner_id: UserId) -> AbstractAsyncContextManager[ShardUnitOfWork]:
        """Begin a unit of work; it never spans shards."""

