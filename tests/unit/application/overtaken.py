"""A catalog in which others are faster."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from adapters.memory.catalog import MemoryCatalog, MemoryCatalogUnitOfWork, MemoryUsers
from adapters.memory.staging import Staging
from adapters.memory.store import MemoryStore
from application.ports.catalog import CatalogUnitOfWork
from domain.shared.identifiers import UserId
from domain.users.user import User

Meanwhile = Callable[[], Awaitable[None]]


class _OvertakenUsers(MemoryUsers):
    def __init__(self, staging: Staging, meanwhile: Meanwhile) -> None:
        super().__init__(staging)
        self._meanwhile = meanwhile

    async def get(self, user_id: UserId) -> User:
        await self._meanwhile()
        return await super().get(user_id)


class OvertakenCatalog(MemoryCatalog):
    """Something happens each time before a user is read."""

    def __init__(self, store: MemoryStore, meanwhile: Meanwhile) -> None:
        super().__init__(store)
        self._meanwhile = meanwhile

    @asynccontextmanager
    async def open(self) -> AsyncIterator[CatalogUnitOfWork]:
        staging = Staging(self._store, "catalog")
        unit = MemoryCatalogUnitOfWork(staging)
        unit.users = _OvertakenUsers(staging, self._meanwhile)
        yield unit
