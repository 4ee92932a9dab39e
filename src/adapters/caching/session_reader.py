"""Sessions and their newest messages, read through a cache."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from adapters.caching.cached_reads import CachedReads
from adapters.caching.generations import read_page
from adapters.caching.shapes import MESSAGE_PAGE, SESSION, SESSION_PAGE
from application.freshness import Freshness, Tolerance
from application.paging import Page, PageRequest
from application.ports.readers import SessionReader
from application.reactions.keys import message_page_key, session_key, session_list_key, session_page_key
from application.runs.views import RunView
from application.sessions.views import Excerpt, SessionView
from domain.sessions.message import Message
from domain.shared.identifiers import SessionId, UserId


class CachedSessionReader(SessionReader):
    """Caches sessions, the first page of their messages, and the first pages of an owner's list.

    What is cached was read as new as can be, and every change takes it away before it is acknowledged: it suits whatever
    freshness is asked for. What is not cached is read as new as is asked for.
    """

    def __init__(self, inner: SessionReader, reads: CachedReads) -> None:
        self._inner, self._reads = inner, reads

    async def find(
        self, owner_id: UserId, session_id: SessionId, freshness: Freshness = Tolerance.FRESH
    ) -> SessionView | None:
        """Return the session or None; absence is cached for as long as nobody opens it."""
        key = session_key(owner_id, session_id)
        return await self._reads.read(
            key, SESSION, lambda: self._inner.find(owner_id, session_id),
            lax=lambda: self._inner.find(owner_id, session_id, freshness), who=_who(freshness),
        )

    async def list_for_owner(
        self, owner_id: UserId, page: PageRequest, archived: bool | None, freshness: Freshness = Tolerance.FRESH
    ) -> Page[SessionView]:
        """Return the page of the present generation of the owner's list."""
        if page.cursor is not None:
            return await self._inner.list_for_owner(owner_id, page, archived, freshness)
        return await read_page(
            self._reads, session_list_key(owner_id), lambda generation: session_page_key(owner_id, generation, page, archived),
            SESSION_PAGE, lambda: self._inner.list_for_owner(owner_id, page, archived),
            lax=lambda: self._inner.list_for_owner(owner_id, page, archived, freshness), who=_who(freshness),
        )

    async def read_messages(
        self, owner_id: UserId, session_id: SessionId, page: PageRequest, freshness: Freshness = Tolerance.FRESH
    ) -> Excerpt | None:
        """Return the first page of the session as it is now, or any other page as it is stored."""
        if page.cursor is not None:
            return await self._inner.read_messages(owner_id, session_id, page, freshness)
        reading = _Reading(partial(self._inner.read_messages, owner_id, session_id, page))
        session = await self._reads.read(
            session_key(owner_id, session_id), SESSION, reading.session, lax=partial(reading.session, freshness),
            who=_who(freshness),
        )
        if session is None:
            return None
        messages = await self._reads.read(
            message_page_key(session, page), MESSAGE_PAGE, partial(reading.messages, session),
            lax=partial(reading.messages, session, freshness), who=_who(freshness),
        )
        return None if messages is None else Excerpt(session, messages)

    async def recent_messages(
        self, owner_id: UserId, session_id: SessionId, *, limit: int, most_characters: int
    ) -> Sequence[Message]:
        """Return the newest messages as they are stored."""
        return await self._inner.recent_messages(owner_id, session_id, limit=limit, most_characters=most_characters)

    async def find_by_chat(self, owner_id: UserId, client_chat_id: str) -> SessionView | None:
        """Return the session as it is stored."""
        return await self._inner.find_by_chat(owner_id, client_chat_id)

    async def find_message_run(
        self, owner_id: UserId, session_id: SessionId, client_message_id: str
    ) -> tuple[Message, RunView] | None:
        """Return the message and its run as they are stored."""
        return await self._inner.find_message_run(owner_id, session_id, client_message_id)


class _Reading:
    """One caller's reading of a session and its messages: where both are wanted they come together."""

    def __init__(self, read: Callable[[Freshness], Awaitable[Excerpt | None]]) -> None:
        self._read = read
        self._found: Excerpt | None = None

    async def session(self, freshness: Freshness = Tolerance.FRESH) -> SessionView | None:
        """Read both, and return the session."""
        self._found = await self._read(freshness)
        return None if self._found is None else self._found.session

    async def messages(self, session: SessionView, freshness: Freshness = Tolerance.FRESH) -> Page[Message] | None:
        """Return the messages of the session as it is, read anew unless they came with it."""
        found = self._found if self._found is not None and self._found.session is session else await self._read(freshness)
        return None if found is None else found.messages


def _who(freshness: Freshness) -> str:
    """Return what tells apart those whom a reading may be too old for."""
    return "" if freshness is Tolerance.FRESH else f"@{freshness}"
