"""Shards whose commits put caches right before they return."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.caching.aftermath import Aftermath
from application.ports.shards import Shards, ShardUnitOfWork
from application.reactions.reaction import Reaction
from domain.shared.events import DomainEvent
from domain.shared.identifiers import UserId


class InvalidatingShards(Shards):
    """Other shards, with a reaction (the invalidation) after each commit."""

    def __init__(self, inner: Shards, reaction: Reaction) -> None:
        self._inner, self._reaction = inner, reaction

    @asynccontextmanager
    async def open(self, owner_id: UserId) -> AsyncIterator[ShardUnitOfWork]:
        """Begin a unit of work."""
        async with self._inner.open(owner_id) as unit:
            yield InvalidatingShardUnitOfWork(unit, Aftermath(self._reaction))


class InvalidatingShardUnitOfWork(ShardUnitOfWork):
    """Another unit of work that keeps its events for the aftermath."""

    def __init__(self, inner: ShardUnitOfWork, aftermath: Aftermath) -> None:
        self._inner, self._aftermath = inner, aftermath
        self.sessions, self.messages, self.runs, self.shares = inner.sessions, inner.messages, inner.runs, inner.shares
        self.usage, self.keys = inner.usage, inner.keys

    def record(self, event: DomainEvent) -> None:
        """Write the event to the outbox on commit, and keep it."""
        self._inner.record(event)
        self._aftermath.record(event)

    async def commit(self) -> None:
        """Commit, then invalidate."""
        await self._inner.commit()
        await self._aftermath.follow()
