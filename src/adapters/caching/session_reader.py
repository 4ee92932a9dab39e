"""Sessions and their newest messages, read through a cache."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from adapters.caching.cached_reads import CachedReads
from adapters.caching.generations import read_page
from adapters.caching.shapes import MESSAGE_PAGE, SESSION, SESSION_PAGE, SESSIONS, Desk
from application.freshness import Freshness, Tolerance
from application.paging import Page, PageRequest
from application.ports.readers import SessionReader
from application.reactions.keys import message_page_key, page_name, session_key, session_list_key, session_page_key
from application.runs.views import RunView
from application.sessions.views import Excerpt, SessionView
from domain.sessions.message import Message, text_of
from domain.shared.identifiers import SessionId, UserId

_MOST_CHARACTERS: Final = 32_768


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
        async def find(freshness: Freshness = Tolerance.FRESH) -> Desk | None:
            found = await self._inner.find(owner_id, session_id, freshness)
            return None if found is None else Desk(found)

        desk = await self._reads.read(
            session_key(owner_id, session_id), SESSION, find, lax=partial(find, freshness), who=_who(freshness)
        )
        return None if desk is None else desk.session

    async def list_for_owner(
        self, owner_id: UserId, page: PageRequest, archived: bool | None, freshness: Freshness = Tolerance.FRESH
    ) -> Page[SessionView]:
        """Return the page of the present generation of the owner's list."""
        if page.cursor is not None:
            return await self._inner.list_for_owner(owner_id, page, archived, freshness)
        return await read_page(
            self._reads, session_list_key(owner_id), lambda generation: session_page_key(owner_id, generation, page, archived),
            SESSIONS, SESSION_PAGE, lambda: self._inner.list_for_owner(owner_id, page, archived),
            lax=lambda: self._inner.list_for_owner(owner_id, page, archived, freshness), who=_who(freshness),
        )

    async def read_messages(
        self, owner_id: UserId, session_id: SessionId, page: PageRequest, freshness: Freshness = Tolerance.FRESH
    ) -> Excerpt | None:
        """Return the first page of the session as it is now, or any other page as it is stored."""
        if page.cursor is not None:
            return await self._inner.read_messages(owner_id, session_id, page, freshness)
        name = page_name(page)
        reading = _Reading(partial(self._inner.read_messages, owner_id, session_id, page), name)
        desk = await self._reads.read(
            session_key(owner_id, session_id), SESSION, reading.desk, lax=partial(reading.desk, freshness), who=_who(freshness)
        )
        if desk is None:
            return None
        session = desk.session
        if desk.messages is not None and desk.name == name:
            return Excerpt(session, desk.messages)
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
    """One caller's reading of a session and the page of its messages called `name`: they come together."""

    def __init__(self, read: Callable[[Freshness], Awaitable[Excerpt | None]], name: str) -> None:
        self._read, self._name = read, name
        self._found: Excerpt | None = None

    async def desk(self, freshness: Freshness = Tolerance.FRESH) -> Desk | None:
        """Read both; what whoever wants the session alone would carry with it is a page of some length, and no more."""
        found = self._found = await self._read(freshness)
        if found is None:
            return None
        if sum(len(text_of(message.content)) for message in found.messages.items) > _MOST_CHARACTERS:
            return Desk(found.session)
        return Desk(found.session, self._name, found.messages)

    async def messages(self, session: SessionView, freshness: Freshness = Tolerance.FRESH) -> Page[Message] | None:
        """Return the messages of the session as it is, read anew unless they came with it."""
        found = self._found if self._found is not None and self._found.session is session else await self._read(freshness)
        return None if found is None else found.messages


def _who(freshness: Freshness) -> str:
    """Return what tells apart those whom a reading may be too old for."""
    return "" if freshness is Tolerance.FRESH else f"@{freshness}"
