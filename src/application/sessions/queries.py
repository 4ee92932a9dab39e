"""Reading sessions, messages and shares."""

from dataclasses import dataclass

from application.actor import Actor
from application.freshness import Freshness, Tolerance
from application.paging import Page, PageRequest
from application.ports.link_seeds import LinkSeeds
from application.ports.readers import SessionReader, ShareReader
from application.sessions.chats import find_chat
from application.sessions.links import Link, link_to, opens
from application.sessions.views import SessionView, SharedSession
from domain.sessions.message import Message
from domain.sessions.session import SessionNotFound
from domain.sessions.share import ShareNotFound, parse_token
from domain.shared.errors import Invalid
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
        excerpt = await self.sessions.read_messages(actor.user_id, session_id, page, freshness)
        if excerpt is None:
            raise SessionNotFound(f"There is no session {session_id}.")
        return excerpt.messages


@dataclass(frozen=True, slots=True)
class ReadShare:
    """The link to one of the caller's sessions."""

    shares: ShareReader
    seeds: LinkSeeds

    async def execute(self, actor: Actor, session_id: SessionId, freshness: Freshness = Tolerance.FRESH) -> Link:
        """Return the link; ShareNotFound when the caller has no such session, or it is not shared."""
        share = await self.shares.find(actor.user_id, session_id, freshness)
        if share is None:
            raise ShareNotFound("This session is not shared.")
        return link_to(share, await self.seeds.of(actor.user_id))


@dataclass(frozen=True, slots=True)
class ReadShared:
    """What a link shows to anybody."""

    shares: ShareReader

    async def execute(self, token: str, after: int, limit: int) -> SharedSession:
        """Return the share with its next `limit` (1 to 100) messages over the seq `after`; ShareNotFound."""
        if not 1 <= limit <= 100:
            raise Invalid("'limit' must lie between 1 and 100.", param="limit")
        if not 0 <= after < 2**31:
            raise Invalid("'after' must be the 'seq' of a message.", param="after")
        share_id, secret = parse_token(token)
        shared = await self.shares.read_shared(share_id, after, limit)
        if shared is None or not opens(secret, shared.fingerprint):
            raise ShareNotFound("There is no such link.")
        return shared


@dataclass(frozen=True, slots=True)
class FindChat:
    """The session that a client calls by its identifier, or by a name of its own."""

    sessions: SessionReader

    async def execute(self, actor: Actor, chat: str) -> SessionView | None:
        """Return the session, or None for a name that is new; SessionNotFound for an identifier that leads to none."""
        return await find_chat(self.sessions, actor.user_id, chat)
