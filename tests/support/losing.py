"""Stores that lose a commit on its way: before it was stored, or on the way back, when nobody can tell any more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from application.ports.catalog import Catalog, CatalogUnitOfWork
from application.ports.shards import Shards, ShardUnitOfWork
from domain.shared.errors import Unavailable
from domain.shared.events import DomainEvent
from domain.shared.identifiers import UserId


class Loss:
    """What befalls the next `times` commits; with `stored` only the acknowledgement is lost."""

    def __init__(self, times: int, *, stored: bool) -> None:
        self._left, self._stored = times, stored

    async def befall(self, unit: CatalogUnitOfWork | ShardUnitOfWork) -> None:
        """Commit the unit, or lose it."""
        if self._left <= 0:
            return await unit.commit()
        self._left -= 1
        if self._stored:
            await unit.commit()
        raise Unavailable("The database gives no answer.")


class LosingCatalog(Catalog):
    """Another catalog whose first commits are lost."""

    def __init__(self, inner: Catalog, *, times: int = 1, stored: bool = False) -> None:
        self._inner, self._loss = inner, Loss(times, stored=stored)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[CatalogUnitOfWork]:
        async with self._inner.open() as unit:
            yield LosingCatalogUnitOfWork(unit, self._loss)


class LosingCatalogUnitOfWork(CatalogUnitOfWork):
    def __init__(self, inner: CatalogUnitOfWork, loss: Loss) -> None:
        self._inner, self._loss = inner, loss
        self.users, self.sign_ins = inner.users, inner.sign_ins
        self.api_keys, self.agents = inner.api_keys, inner.agents

    def record(self, event: DomainEvent) -> None:
        self._inner.record(event)

    async def commit(self) -> None:
        await self._loss.befall(self._inner)


class LosingShards(Shards):
    """Other shards whose first commits are lost."""

    def __init__(self, inner: Shards, *, times: int = 1, stored: bool = False) -> None:
        self._inner, self._loss = inner, Loss(times, stored=stored)

    @asynccontextmanager
    async def open(self, owner_id: UserId) -> AsyncIterator[ShardUnitOfWork]:
        async with self._inner.open(owner_id) as unit:
            yield LosingShardUnitOfWork(unit, self._loss)


class LosingShardUnitOfWork(ShardUnitOfWork):
    def __init__(self, inner: ShardUnitOfWork, loss: Loss) -> None:
        self._inner, self._loss = inner, loss
        self.sessions, self.messages, self.runs = inner.sessions, inner.messages, inner.runs

    def record(self, event: DomainEvent) -> None:
        self._inner.record(event)

    async def commit(self) -> None:
        await self._loss.befall(self._inner)
