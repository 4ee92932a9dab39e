"""A conversation between a user and an agent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.sessions.message import Content, Message, MessageStatus, Role, check_content
from domain.shared.errors import Conflict, NotFound
from domain.shared.events import DomainEvent
from domain.shared.identifiers import AgentId, MessageId, RunId, SessionId, UserId
from domain.shared.rules import bounded_metadata, bounded_text

# Those that wait were let in by what was left then; so many at most may come on top of it.
MOST_WAITING: Final = 100


class SessionNotFound(NotFound):
    """There is no such session, or not for this caller."""

    code = "session_not_found"


class SessionArchived(Conflict):
    """An archived session takes no messages."""

    code = "session_archived"


class RunActive(Conflict):
    """A reply is still being made in this session."""

    code = "run_active"
    repeatable = True


class OnActive(StrEnum):
    """What a message does while a reply is being made: it is refused, it stops that reply, or it waits for its turn."""

    REJECT = "reject"
    INTERRUPT = "interrupt"
    ENQUEUE = "enqueue"


@dataclass(frozen=True, slots=True)
class SessionChanged(DomainEvent):
    """A session was opened, edited, removed, or had a message appended."""

    session_id: SessionId
    owner_id: UserId


@dataclass(frozen=True, slots=True)
class SessionsRemoved(DomainEvent):
    """Sessions of an owner who is being erased are gone."""

    owner_id: UserId
    session_ids: tuple[SessionId, ...]


@dataclass(slots=True)
class Session:
    """The head of a conversation: its messages are stored apart, so its cost does not grow with them.

    `head_seq` is the last message's number (0: none yet), `active_run_id` the reply being made, `waiting` how many more
    runs are queued behind it, `version` counts changes, `client_chat_id` is what a client that names its chats calls it.
    """

    id: SessionId
    owner_id: UserId
    agent_id: AgentId
    title: str | None
    created_at: datetime
    updated_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)
    head_seq: int = 0
    archived: bool = False
    active_run_id: RunId | None = None
    waiting: int = 0
    version: int = 0
    client_chat_id: str | None = None

    @classmethod
    def open(
        cls, session_id: SessionId, owner_id: UserId, agent_id: AgentId, *,
        title: str | None, metadata: Mapping[str, str], now: datetime, client_chat_id: str | None = None,
    ) -> "Session":
        """Return a new, empty session; `client_chat_id` is a client's own name for it, of which its owner has no other."""
        checked = None if title is None else bounded_text(title, param="title", longest=200)
        chat = None if client_chat_id is None else bounded_text(client_chat_id, param="id", longest=255)
        return cls(session_id, owner_id, agent_id, checked, now, now, bounded_metadata(metadata), client_chat_id=chat)

    def retitle(self, title: str | None, *, now: datetime) -> None:
        """Give the session another title, or none."""
        self.title = None if title is None else bounded_text(title, param="title", longest=200)
        self.updated_at = now

    def annotate(self, metadata: Mapping[str, str], *, now: datetime) -> None:
        """Replace the caller's own key-value pairs."""
        self.metadata, self.updated_at = bounded_metadata(metadata), now

    def archive(self, archived: bool, *, now: datetime) -> None:
        """Put the session away, or take it out again."""
        self.archived, self.updated_at = archived, now

    def receive(
        self, message_id: MessageId, content: Content, run_id: RunId, *, now: datetime, client_message_id: str | None = None,
        may_wait: bool = False,
    ) -> Message:
        """Append what the user said and make `run_id` the active run, or with `may_wait` a queued one; one reply at a time."""
        if self.archived:
            raise SessionArchived("The session is archived.")
        said = check_content(content)
        if self.active_run_id is None:
            self.active_run_id = run_id
        elif may_wait and self.waiting < MOST_WAITING:
            self.waiting += 1
        else:
            waiting = f", and {self.waiting} wait for their turn" if may_wait else ""
            raise RunActive(f"The run {self.active_run_id} is still active in this session{waiting}.")
        return self._append(message_id, Role.USER, said, run_id, MessageStatus.COMPLETED, now, client_message_id)

    def answer_again(self, run_id: RunId, *, now: datetime) -> None:
        """Make `run_id` the active run, which answers again what was answered before; one reply at a time."""
        self._require_quiet()
        self.active_run_id, self.updated_at = run_id, now

    def take_in(self, message_id: MessageId, role: Role, content: Content, run_id: RunId, *, now: datetime) -> Message:
        """Append what was said elsewhere; nobody replies to it. Not while a reply is being made."""
        self._require_quiet()
        return self._append(message_id, role, check_content(content), run_id, MessageStatus.COMPLETED, now, None)

    def take_out(self, *, now: datetime) -> None:
        """Note that messages are shown no more. Not while a reply is being made: it may follow from them.

        The change is later than the one before on any clock: copies of what is shown are known by that moment.
        """
        if self.active_run_id is not None:
            raise RunActive(f"The run {self.active_run_id} is still active in this session.")
        self.updated_at = max(now, self.updated_at + timedelta(microseconds=1))

    def reply(self, message_id: MessageId, content: Content, run_id: RunId, status: MessageStatus, *, now: datetime) -> Message:
        """Append what the agent said in `run_id`."""
        return self._append(message_id, Role.ASSISTANT, content, run_id, status, now, None)

    def release(self, run_id: RunId, following: RunId | None, *, now: datetime) -> None:
        """Note that the active run has ended and that the one that waited longest, if any waits, is active now."""
        if self.active_run_id == run_id:
            self.active_run_id = following
            self.waiting -= following is not None
        self.updated_at = now

    def unqueue(self, *, now: datetime) -> None:
        """Note that one of the queued runs has ended before its turn."""
        self.waiting -= 1
        self.updated_at = now

    def changed(self) -> SessionChanged:
        """Return the event that tells of a change to this session."""
        return SessionChanged(self.id, self.owner_id)

    def _require_quiet(self) -> None:
        if self.archived:
            raise SessionArchived("The session is archived.")
        if self.active_run_id is not None:
            raise RunActive(f"The run {self.active_run_id} is still active in this session.")

    def _append(
        self, message_id: MessageId, role: Role, content: Content, run_id: RunId,
        status: MessageStatus, now: datetime, client_message_id: str | None,
    ) -> Message:
        self.head_seq += 1
        self.updated_at = now
        return Message(message_id, self.id, self.head_seq, role, content, run_id, status, now, client_message_id)
