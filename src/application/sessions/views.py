"""How sessions look from outside; a message is its own view, being immutable."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from application.paging import Page
from domain.sessions.message import Content, Message, Role
from domain.sessions.session import Session
from domain.sessions.share import Share, Snapshot
from domain.shared.identifiers import AgentId, SessionId, ShareId


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session, flat."""

    id: SessionId
    agent_id: AgentId
    title: str | None
    head_seq: int
    archived: bool
    metadata: Mapping[str, str]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, session: Session) -> "SessionView":
        """Return the view of an entity."""
        return cls(
            session.id, session.agent_id, session.title, session.head_seq, session.archived,
            dict(session.metadata), session.created_at, session.updated_at,
        )


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A session and a page of its messages, both of one moment."""

    session: SessionView
    messages: Page[Message]


@dataclass(frozen=True, slots=True)
class ShareView:
    """A share as its owner sees it, but for the link; `updated_at` is when it was last shared."""

    id: ShareId
    session_id: SessionId
    fingerprint: bytes
    head_seq: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, share: Share) -> "ShareView":
        """Return the view of an entity."""
        snapshot = share.snapshot
        return cls(share.id, share.session_id, share.fingerprint, snapshot.head_seq, share.created_at, snapshot.taken_at)


@dataclass(frozen=True, slots=True)
class SharedMessage:
    """A message as everybody may see it."""

    seq: int
    role: Role
    content: Content
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SharedSession:
    """A share as everybody may see it, with a page of its messages; `fingerprint` is that of the secret that opens it."""

    id: ShareId
    fingerprint: bytes
    snapshot: Snapshot
    messages: Page[SharedMessage]
