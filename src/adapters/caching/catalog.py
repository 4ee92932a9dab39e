"""A catalog whose commits put caches right before they return."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.caching.aftermath import Aftermath
from application.ports.catalog import Catalog, CatalogUnitOfWork
from application.reactions.reaction import Reaction
from domain.shared.events import DomainEvent


class InvalidatingCatalog(Catalog):
    """Another catalog, with a reaction (the invalidation) after each commit."""

    def __init__(self, inner: Catalog, reaction: Reaction) -> None:
        self._inner, self._reaction = inner, reaction

    @asynccontextmanager
    async def open(self) -> AsyncIterator[CatalogUnitOfWork]:
        """Begin a unit of work."""
        async with self._inner.open() as unit:
            yield InvalidatingCatalogUnitOfWork(unit, Aftermath(self._reaction))


class InvalidatingCatalogUnitOfWork(CatalogUnitOfWork):
    """Another unit of work that keeps its events for the aftermath."""

    def __init__(self, inner: CatalogUnitOfWork, aftermath: Aftermath) -> None:
        self._inner, self._aftermath = inner, aftermath
        self.users, self.sign_ins = inner.users, inner.sign_ins
        self.api_keys, self.agents = inner.api_keys, inner.agents
        self.mailed_tokens, self.audit = inner.mailed_tokens, inner.audit
        self.identities = inner.identities
        self.erasures, self.keys = inner.erasures, inner.keys

    def record(self, event: DomainEvent) -> None:
        """Write the event to the outbox on commit, and keep it."""
        self._inner.record(event)
        self._aftermath.record(event)

    async def commit(self) -> None:
        """Commit, then invalidate."""
        await self._inner.commit()
        await self._aftermath.follow()
