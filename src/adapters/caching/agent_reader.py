"""Agents, read through a cache."""

import re
from typing import Final

from adapters.caching.cached_reads import CachedReads
from adapters.caching.generations import read_page
from adapters.caching.shapes import AGENT, CATALOGUE, CATALOGUE_PAGE
from application.agents.views import AgentView
from application.paging import Page, PageRequest
from application.ports.readers import AgentReader
from application.reactions.keys import agent_key, catalogue_key, catalogue_page_key
from domain.shared.identifiers import UserId

_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")


class CachedAgentReader(AgentReader):
    """Caches single agents, their absence, and the first pages of the public catalogue.

    Later pages are joined but not stored: their cursors are the caller's to choose, and would fill the cache.
    """

    def __init__(self, inner: AgentReader, reads: CachedReads) -> None:
        self._inner, self._reads = inner, reads

    async def find(self, id_or_slug: str) -> AgentView | None:
        """Return the agent or None; text that can be neither identifier nor slug makes no key."""
        if _NAME.fullmatch(id_or_slug) is None:
            return await self._inner.find(id_or_slug)
        return await self._reads.read(agent_key(id_or_slug), AGENT, lambda: self._inner.find(id_or_slug))

    async def list_public(self, page: PageRequest) -> Page[AgentView]:
        """Return the page of the present generation of the catalogue."""
        if page.cursor is not None:
            return await self._reads.join(catalogue_page_key("", page), lambda: self._inner.list_public(page))
        return await read_page(
            self._reads, catalogue_key(), lambda generation: catalogue_page_key(generation, page), CATALOGUE, CATALOGUE_PAGE,
            lambda: self._inner.list_public(page),
        )

    async def list_for_owner(self, owner_id: UserId, page: PageRequest) -> Page[AgentView]:
        """Return the owner's agents as they are stored."""
        return await self._inner.list_for_owner(owner_id, page)
