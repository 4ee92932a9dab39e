"""What the memory store holds, and what goes along with what."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TypeVar

from domain.agents.agent import Agent
from domain.analytics.usage import UsageEntry
from domain.runs.run import Run
from domain.sessions.message import Message
from domain.sessions.session import Session
from domain.sessions.share import Share
from domain.shared.events import DomainEvent
from domain.shared.identifiers import (
    AgentId,
    ApiKeyId,
    AuditEntryId,
    EventId,
    MessageId,
    NodeId,
    RunId,
    SessionId,
    ShareId,
    SignInId,
    UserId,
)
from domain.users.audit import AuditEntry
from domain.users.credential import ApiKey, Credential, SignIn
from domain.users.erasure import Erasure
from domain.users.identity import Identity
from domain.users.mailed_token import MailedToken, MailPurpose
from domain.users.user import User

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """A row of the outbox."""

    id: EventId
    place: str
    event: DomainEvent
    due_at: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was set aside."""

    row: WaitingEvent
    reason: str


@dataclass(frozen=True, slots=True)
class AnsweredKey:
    """An idempotency key's row."""

    request: bytes
    answer: object
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """An erasure under way."""

    erasure: Erasure
    due_at: datetime


KeyTable = dict[tuple[UserId, str], AnsweredKey]


@dataclass(frozen=True, slots=True)
class Tables:
    """One state of the store; what lies in it is never changed, only replaced."""

    users: dict[UserId, User] = field(default_factory=dict)
    credentials: dict[UserId, Credential] = field(default_factory=dict)
    sign_ins: dict[SignInId, SignIn] = field(default_factory=dict)
    spent_refreshes: dict[bytes, tuple[SignInId, datetime]] = field(default_factory=dict)
    api_keys: dict[ApiKeyId, ApiKey] = field(default_factory=dict)
    identities: dict[tuple[str, str], Identity] = field(default_factory=dict)
    mailed_tokens: dict[tuple[UserId, MailPurpose], MailedToken] = field(default_factory=dict)
    audit: dict[AuditEntryId, AuditEntry] = field(default_factory=dict)
    agents: dict[AgentId, Agent] = field(default_factory=dict)
    erasures: dict[UserId, ErasureRow] = field(default_factory=dict)
    sessions: dict[SessionId, Session] = field(default_factory=dict)
    messages: dict[SessionId, tuple[Message, ...]] = field(default_factory=dict)
    runs: dict[RunId, Run] = field(default_factory=dict)
    superseded: dict[MessageId, SessionId] = field(default_factory=dict)
    shares: dict[ShareId, Share] = field(default_factory=dict)
    usage: dict[str, UsageEntry] = field(default_factory=dict)
    link_seeds: dict[UserId, bytes] = field(default_factory=dict)
    leases: dict[NodeId, datetime] = field(default_factory=dict)
    outbox: dict[EventId, WaitingEvent] = field(default_factory=dict)
    dead_letters: dict[EventId, DeadLetter] = field(default_factory=dict)
    catalog_keys: KeyTable = field(default_factory=dict)
    shard_keys: KeyTable = field(default_factory=dict)

    def draft(self) -> "Tables":
        """Return a copy to be changed, with the same rows."""
        return Tables(*[dict(getattr(self, table.name)) for table in fields(self)])

    def key_tables(self) -> tuple[KeyTable, ...]:
        """Return all tables of idempotency keys."""
        return self.catalog_keys, self.shard_keys

    def drop_user(self, user_id: UserId) -> None:
        """Take out a user and all that hangs on it."""
        del self.users[user_id], self.credentials[user_id]
        for sign_in in [one for one in self.sign_ins.values() if one.user_id == user_id]:
            self.drop_sign_in(sign_in.id)
        drop_where(self.api_keys, lambda key: key.user_id == user_id)
        drop_where(self.mailed_tokens, lambda token: token.user_id == user_id)
        drop_where(self.identities, lambda identity: identity.user_id == user_id)
        drop_where(self.agents, lambda agent: agent.owner_id == user_id)
        self.link_seeds.pop(user_id, None)
        drop_keys(self.catalog_keys, user_id)

    def drop_sign_in(self, sign_in_id: SignInId) -> None:
        """Take out a sign-in with the tokens it has spent."""
        del self.sign_ins[sign_in_id]
        drop_where(self.spent_refreshes, lambda spent: spent[0] == sign_in_id)

    def shown(self, session_id: SessionId) -> tuple[Message, ...]:
        """Return the messages of a session that none has replaced."""
        return tuple(message for message in self.messages.get(session_id, ()) if message.id not in self.superseded)

    def drop_session(self, session_id: SessionId) -> None:
        """Take out a session with its messages, runs and share."""
        del self.sessions[session_id]
        self.messages.pop(session_id, None)
        drop_where(self.superseded, lambda place: place == session_id)
        drop_where(self.runs, lambda run: run.session_id == session_id)
        drop_where(self.shares, lambda share: share.session_id == session_id)


def drop_keys(table: KeyTable, owner_id: UserId) -> None:
    """Take out an owner's keys."""
    for key in [key for key in table if key[0] == owner_id]:
        del table[key]


def drop_where(table: dict[K, V], condition: Callable[[V], bool]) -> None:
    """Take out the rows that the condition holds for."""
    for key in [key for key, row in table.items() if condition(row)]:
        del table[key]
