"""Reading sessions and messages."""

from dataclasses import dataclass

from application.actor import Actor
from application.freshness import Freshness, Tolerance
from application.paging import Page, PageRequest
from application.ports.readers import SessionReader
from application.sessions.views import SessionView
from domain.sessions.message import Message
from domain.sessions.session import SessionNotFound
from domain.shared.identifiers import SessionId


@dataclass(frozen=True, slots=True)
class ReadSession:
    """One of the caller's sessions."""

    sessions: SessionReader

    async def execute(
        self, actor: Actor, session_id: SessionId, freshness: Freshness = Tolerance.FRESH
    ) -> SessionView:
        """Return the session; SessionNotFound."""
        session = await self.sessions.find(actor.user_id, session_id, freshness)
        if session is None:
            raise SessionNotFound(f"There is no session {session_id}.")
        return session


@dataclass(frozen=True, slots=True)
class ListSessions:
    """The caller's sessions."""

    sessions: SessionReader

    async def execute(
        self, actor: Actor, page: PageRequest, archived: bool | None, freshness: Freshness = Tolerance.FRESH
    ) -> Page[SessionView]:
        """Return a page of sessions."""
        return await self.sessions.list_for_owner(actor.user_id, page, archived, freshness)


@dataclass(frozen=True, slots=True)
class ReadMessages:
    """What was said in one of the caller's sessions."""

    sessions: SessionReader

    async def execute(
        self, actor: Actor, session_id: SessionId, page: PageRequest, freshness: Freshness = Tolerance.FRESH
    ) -> Page[Message]:
        """Return a page of messages by seq; SessionNotFound."""
        messages = await self.sessions.read_messages(actor.user_id, session_id, page, freshness)
        if messages is None:
            raise SessionNotFound(f"There is no session {session_id}.")
        return messages
