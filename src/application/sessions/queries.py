"""Reading sessions and messages."""

from dataclasses import dataclass

from application.actor import Actor
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

    async def execute(self, actor: Actor, session_id: SessionId) -> SessionView:
        """Return the session; SessionNotFound."""
        session = await self.sessions.find(actor.user_id, session_id)
        if session is None:
            raise SessionNotFound(f"There is no session {session_id}.")
        return session


@dataclass(frozen=True, slots=True)
class ListSessions:
    """The caller's sessions."""

    sessions: SessionReader

    async def execute(self, actor: Actor, page: PageRequest, archived: bool | None) -> Page[SessionView]:
        """Return a page of sessions."""
        return await self.sessions.list_for_owner(actor.user_id, page, archived)


@dataclass(frozen=True, slots=True)
class ReadMessages:
    """What was said in one of the caller's sessions."""

    sessions: SessionReader

    async def execute(self, actor: Actor, session_id: SessionId, page: PageRequest) -> Page[Message]:
        """Return a page of messages by seq; SessionNotFound."""
        messages = await self.sessions.read_messages(actor.user_id, session_id, page)
        if messages is None:
            raise SessionNotFound(f"There is no session {session_id}.")
        return messages
