"""The outbox in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from adapters.memory.store import MemoryStore
from adapters.memory.tables import DeadLetter, Tables, WaitingEvent
from application.ports.outbox import Envelope, Outbox

_HIDDEN: Final = timedelta(seconds=30)


class MemoryOutbox(Outbox):
    """Events are due by the store's clock."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def claim(self, limit: int) -> Sequence[Envelope]:
        """Claim in every place at once."""
        now = self._store.clock.now()
        rows = await self._store.change(lambda tables: _claim(tables, limit, now))
        return [Envelope(row.id, row.place, row.event, row.attempts) for row in rows]

    async def done(self, envelopes: Sequence[Envelope]) -> None:
        """Take the rows out."""

        def forget(tables: Tables) -> None:
            for envelope in envelopes:
                tables.outbox.pop(envelope.id, None)

        await self._store.change(forget)

    async def retry_later(self, envelopes: Sequence[Envelope], delay: float) -> None:
        """Set when the rows are due."""
        due_at = self._store.clock.now() + timedelta(seconds=delay)

        def put_off(tables: Tables) -> None:
            _replace(tables, [replace(tables.outbox[one.id], due_at=due_at) for one in envelopes if one.id in tables.outbox])

        await self._store.change(put_off)

    async def bury(self, envelopes: Sequence[Envelope], reason: str) -> None:
        """Lay the rows with the dead letters."""

        def lay_aside(tables: Tables) -> None:
            rows = [tables.outbox.pop(one.id) for one in envelopes if one.id in tables.outbox]
            tables.dead_letters.update({row.id: DeadLetter(row, reason) for row in rows})

        await self._store.change(lay_aside)


def _claim(tables: Tables, limit: int, now: datetime) -> list[WaitingEvent]:
    due = sorted((row for row in tables.outbox.values() if row.due_at <= now), key=lambda row: (row.place, row.due_at, row.id))
    oldest = [row for _, rows in groupby(due, key=lambda row: row.place) for row in list(rows)[:limit]]
    claimed = [replace(row, due_at=now + _HIDDEN, attempts=row.attempts + 1) for row in oldest]
    _replace(tables, claimed)
    return sorted(claimed, key=lambda row: (row.place, row.id))


def _replace(tables: Tables, rows: Iterable[WaitingEvent]) -> None:
    tables.outbox.update({row.id: row for row in rows})
