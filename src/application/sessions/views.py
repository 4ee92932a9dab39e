"""How sessions look from outside; a message is its own view, being immutable."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.sessions.session import Session
from domain.shared.identifiers import AgentId, SessionId


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
