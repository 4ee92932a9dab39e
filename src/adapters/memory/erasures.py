"""Erasures under way, by the store's clock."""

from dataclasses import replace
from datetime import timedelta

from adapters.memory.staging import Staging
from adapters.memory.store import MemoryStore
from adapters.memory.tables import ErasureRow, Tables
from application.ports.erasures import ErasureRepository, Erasures
from domain.shared.identifiers import UserId
from domain.users.erasure import Erasure


class MemoryErasureRepository(ErasureRepository):
    """Begins them."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    def begin(self, user_id: UserId, step: str, lease: float) -> None:
        """Stage the row."""
        now = self._staging.store.clock.now()
        row = ErasureRow(Erasure(user_id, step, now), now + timedelta(seconds=lease))
        self._staging.add(lambda tables: tables.erasures.update({user_id: row}))


class MemoryErasures(Erasures):
    """Goes on with them."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def claim(self, lease: float) -> Erasure | None:
        """Take the first on."""
        return await self._store.change(lambda tables: self._claim(tables, lease))

    async def advance(self, user_id: UserId, step: str, due_in: float) -> None:
        """Set the step."""
        await self._store.change(lambda tables: self._change(tables, user_id, due_in, step))

    async def put_off(self, user_id: UserId, due_in: float) -> None:
        """Set when it is due."""
        await self._store.change(lambda tables: self._change(tables, user_id, due_in, None))

    async def finish(self, user_id: UserId) -> None:
        """Take the row out."""
        await self._store.change(lambda tables: tables.erasures.pop(user_id, None))

    def _claim(self, tables: Tables, lease: float) -> Erasure | None:
        now = self._store.clock.now()
        due = [row for row in tables.erasures.values() if row.due_at <= now]
        if not due:
            return None
        first = min(due, key=lambda row: row.due_at).erasure
        claimed = replace(first, attempts=first.attempts + 1)
        tables.erasures[claimed.user_id] = ErasureRow(claimed, now + timedelta(seconds=lease))
        return claimed

    def _change(self, tables: Tables, user_id: UserId, due_in: float, step: str | None) -> None:
        row = tables.erasures.get(user_id)
        if row is not None:
            erasure = row.erasure if step is None else replace(row.erasure, step=step, attempts=0)
            tables.erasures[user_id] = ErasureRow(erasure, self._store.clock.now() + timedelta(seconds=due_in))
