"""Sessions and their newest messages, read through a cache."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from adapters.caching.cached_reads import CachedReads
from adapters.caching.generations import new_generation
from adapters.caching.shapes import GENERATION, MESSAGE_PAGE, SESSION, SESSION_PAGE, Shape
from application.freshness import Freshness, Tolerance
from application.paging import Page, PageRequest
from application.ports.readers import SessionReader
from application.reactions.keys import message_page_key, session_key, session_list_key, session_page_key
from application.runs.views import RunView
from application.sessions.views import SessionView
from domain.sessions.message import Message
from domain.shared.identifiers import SessionId, UserId

T = TypeVar("T")


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
        return await self._read(key, SESSION, freshness, lambda fresh: self._inner.find(owner_id, session_id, fresh))

    async def list_for_owner(
        self, owner_id: UserId, page: PageRequest, archived: bool | None, freshness: Freshness = Tolerance.FRESH
    ) -> Page[SessionView]:
        """Return the page of the present generation of the owner's list."""
        if page.cursor is not None:
            return await self._inner.list_for_owner(owner_id, page, archived, freshness)
        generation = await self._reads.read(session_list_key(owner_id), GENERATION, new_generation)
        key = session_page_key(owner_id, generation, page, archived)
        return await self._read(
            key, SESSION_PAGE, freshness, lambda fresh: self._inner.list_for_owner(owner_id, page, archived, fresh)
        )

    async def read_messages(
        self, owner_id: UserId, session_id: SessionId, page: PageRequest, freshness: Freshness = Tolerance.FRESH
    ) -> Page[Message] | None:
        """Return the first page of the session as it is now, or any other page as it is stored."""
        if page.cursor is not None:
            return await self._inner.read_messages(owner_id, session_id, page, freshness)
        session = await self.find(owner_id, session_id, freshness)
        if session is None:
            return None
        key = message_page_key(session, page)
        return await self._read(
            key, MESSAGE_PAGE, freshness, lambda fresh: self._inner.read_messages(owner_id, session_id, page, fresh)
        )

    async def recent_messages(
        self, owner_id: UserId, session_id: SessionId, *, limit: int, most_characters: int
    ) -> Sequence[Message]:
        """Return the newest messages as they are stored."""
        return await self._inner.recent_messages(owner_id, session_id, limit=limit, most_characters=most_characters)

    async def find_message_run(
        self, owner_id: UserId, session_id: SessionId, client_message_id: str
    ) -> tuple[Message, RunView] | None:
        """Return the message and its run as they are stored."""
        return await self._inner.find_message_run(owner_id, session_id, client_message_id)

    async def _read(self, key: str, shape: Shape[T], freshness: Freshness, load: Callable[[Freshness], Awaitable[T]]) -> T:
        def fresh() -> Awaitable[T]:
            return load(Tolerance.FRESH)

        if freshness is Tolerance.FRESH:
            return await self._reads.read(key, shape, fresh)
        return await self._reads.read(key, shape, fresh, lax=lambda: load(freshness), who=f"@{freshness}")
