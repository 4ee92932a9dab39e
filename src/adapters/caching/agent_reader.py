"""Agents, read through a cache."""

import re
from secrets import token_hex
from typing import Final

from adapters.caching.leased_reads import LeasedReads
from adapters.caching.local_reads import LocalReads
from adapters.caching.shapes import AGENT, CATALOGUE, CATALOGUE_PAGE
from application.agents.views import AgentView
from application.paging import Page, PageRequest
from application.ports.cache import Cache
from application.ports.readers import AgentReader
from application.reactions.keys import agent_key, catalogue_key, catalogue_page_key
from domain.shared.identifiers import UserId

_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")


class CachedAgentReader(AgentReader):
    """Caches single agents, their absence, and the first pages of the public catalogue.

    Later pages are joined but not stored: their cursors are the caller's to choose, and would fill the cache.
    """

    def __init__(self, inner: AgentReader, cache: Cache, local: LocalReads) -> None:
        self._inner, self._local = inner, local
        self._leased = LeasedReads(cache)

    async def find(self, id_or_slug: str) -> AgentView | None:
        """Return the agent or None; text that can be neither identifier nor slug makes no key."""
        if _NAME.fullmatch(id_or_slug) is None:
            return await self._inner.find(id_or_slug)
        key = agent_key(id_or_slug)
        return await self._local.read(key, lambda: self._leased.read(key, AGENT, lambda: self._inner.find(id_or_slug)))

    async def list_public(self, page: PageRequest) -> Page[AgentView]:
        """Return the page of the present generation of the catalogue."""
        name = catalogue_page_key("", page)
        if page.cursor is None:
            return await self._local.read(name, lambda: self._first_page(page), under=catalogue_key())
        return await self._local.join(name, lambda: self._inner.list_public(page), under=catalogue_key())

    async def list_for_owner(self, owner_id: UserId, page: PageRequest) -> Page[AgentView]:
        """Return the owner's agents as they are stored."""
        return await self._inner.list_for_owner(owner_id, page)

    async def _first_page(self, page: PageRequest) -> Page[AgentView]:
        # A page read before a change bears a generation that ends with that change, however late the page is filled.
        generation = await self._leased.read(catalogue_key(), CATALOGUE, _new_generation)
        key = catalogue_page_key(generation, page)
        return await self._leased.read(key, CATALOGUE_PAGE, lambda: self._inner.list_public(page))


async def _new_generation() -> str:
    return token_hex(8)
