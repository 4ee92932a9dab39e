"""Idempotency keys in memory."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Final, TypeVar

from adapters.memory.staging import Staging
from adapters.memory.store import MemoryStore
from adapters.memory.tables import AnsweredKey, KeyTable, Tables
from application.ports.idempotency import AnswerGone, ExpiredKeys, IdempotencyRepository, Remembered
from domain.shared.errors import StaleWrite
from domain.shared.identifiers import UserId

T = TypeVar("T")
Pick = Callable[[Tables], KeyTable]
_KEPT: Final = timedelta(hours=24)


class MemoryRemembered(Remembered):
    """A row."""

    def __init__(self, row: AnsweredKey) -> None:
        self._row = row

    @property
    def request(self) -> bytes:
        """Return the fingerprint."""
        return self._row.request

    def answer(self, kind: type[T]) -> T:
        """Return a copy of what was stored."""
        if not isinstance(self._row.answer, kind):
            raise AnswerGone("The request was carried out; its answer is not known any more.")
        return deepcopy(self._row.answer)


class MemoryKeys(IdempotencyRepository):
    """The keys of the catalog or of the shard, by the store's clock."""

    def __init__(self, staging: Staging, table: Pick) -> None:
        self._staging, self._table = staging, table

    async def find(self, owner_id: UserId, key: str) -> Remembered | None:
        """Read the row now."""
        row = self._table(await self._staging.store.read()).get((owner_id, key))
        return None if row is None or _expired(row, self._staging.store) else MemoryRemembered(row)

    def add(self, owner_id: UserId, key: str, request: bytes, answer: object) -> None:
        """Stage a copy."""
        store = self._staging.store
        row = AnsweredKey(request, deepcopy(answer), store.clock.now())

        def insert(tables: Tables) -> None:
            known = self._table(tables).get((owner_id, key))
            if known is not None and not _expired(known, store):
                raise StaleWrite("The same request was answered at the same moment.")
            self._table(tables)[owner_id, key] = row

        self._staging.begin_with(insert)


class MemoryExpiredKeys(ExpiredKeys):
    """The keys of both, by the store's clock."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def remove(self, limit: int) -> int:
        """Take the rows out."""
        return await self._store.change(lambda tables: sum(self._remove(table, limit) for table in tables.key_tables()))

    def _remove(self, table: KeyTable, limit: int) -> int:
        old = sorted((key for key, row in table.items() if _expired(row, self._store)), key=lambda key: table[key].created_at)
        for key in old[:limit]:
            del table[key]
        return len(old[:limit])


def _expired(row: AnsweredKey, store: MemoryStore) -> bool:
    return row.created_at < store.clock.now() - _KEPT
