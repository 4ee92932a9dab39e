"""The outboxes of the catalog and of the shards."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ARRAY, Double, Integer, Table, Text, bindparam, delete, func, insert, select, text, update

from adapters.postgres.database import Database
from adapters.postgres.events import event_from
from adapters.postgres.statement import Statement
from adapters.postgres.tables import CATALOG_DEAD_LETTERS, CATALOG_OUTBOX, SHARD_DEAD_LETTERS, SHARD_OUTBOX, Id
from application.ports.outbox import Envelope, Outbox
from domain.shared.errors import Unavailable

_HIDDEN_SECONDS: Final = 30
_log = logging.getLogger(__name__)


class _Queue:
    """One outbox table, and that of its dead letters, with their statements."""

    def __init__(self, table: Table, dead_letters: Table, area: str) -> None:
        due = (
            select(table.c.id).where(table.c.due_at <= func.now()).order_by(table.c.due_at)
            .limit(bindparam("limit", type_=Integer)).with_for_update(skip_locked=True).scalar_subquery()
        )
        hidden = func.now() + text(f"interval '{_HIDDEN_SECONDS} seconds'")
        these = table.c.id == func.any(bindparam("ids", type_=ARRAY(Id)))
        later = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, bindparam("delay", type_=Double))
        self.claim = Statement(
            update(table).where(table.c.id == func.any(func.array(due))).values(due_at=hidden, attempts=table.c.attempts + 1)
            .returning(table.c.id, table.c.kind, table.c.payload, table.c.attempts),
            f"{area}.claim",
        )
        self.done = Statement(delete(table).where(these), f"{area}.done")
        self.retry_later = Statement(update(table).where(these).values(due_at=later), f"{area}.retry_later")
        gone = delete(table).where(these).returning(table.c.id, table.c.kind, table.c.payload, table.c.attempts).cte("gone")
        buried = select(gone, bindparam("reason", type_=Text).label("reason"))
        self.bury = Statement(insert(dead_letters).from_select([*gone.c.keys(), "reason"], buried), f"{area}.bury")


_CATALOG: Final = _Queue(CATALOG_OUTBOX, CATALOG_DEAD_LETTERS, "catalog_outbox")
_SHARD: Final = _Queue(SHARD_OUTBOX, SHARD_DEAD_LETTERS, "outbox")


class PostgresOutbox(Outbox):
    """The outboxes; one whose database is away does not hold up the others."""

    def __init__(self, catalog: Database, shards: Sequence[Database]) -> None:
        self._places: dict[str, tuple[Database, _Queue]] = {"catalog": (catalog, _CATALOG)}
        self._places |= {f"shard-{number}": (database, _SHARD) for number, database in enumerate(shards)}

    async def claim(self, limit: int) -> Sequence[Envelope]:
        """Claim from all of them at once; Unavailable when none answers."""
        claims = await asyncio.gather(*(self._claim(place, limit) for place in self._places), return_exceptions=True)
        failures = [claim for claim in claims if isinstance(claim, BaseException)]
        for failure in failures:
            if len(failures) == len(claims) or not isinstance(failure, Unavailable):
                raise failure
        return [envelope for claim in claims if not isinstance(claim, BaseException) for envelope in claim]

    async def done(self, envelopes: Sequence[Envelope]) -> None:
        """Delete the rows."""
        for (database, queue), ids in self._by_place(envelopes):
            await database.take(queue.done, ids=ids)

    async def retry_later(self, envelopes: Sequence[Envelope], delay: float) -> None:
        """Set when the rows are due."""
        for (database, queue), ids in self._by_place(envelopes):
            await database.take(queue.retry_later, ids=ids, delay=delay)

    async def bury(self, envelopes: Sequence[Envelope], reason: str) -> None:
        """Move the rows to the dead letters beside the outbox."""
        for (database, queue), ids in self._by_place(envelopes):
            await database.take(queue.bury, ids=ids, reason=reason)

    async def _claim(self, place: str, limit: int) -> list[Envelope]:
        database, queue = self._places[place]
        rows = await database.take(queue.claim, limit=limit)
        claimed = [_envelope(place, row) for row in sorted(rows, key=lambda row: str(row["id"]))]
        return [envelope for envelope in claimed if envelope is not None]

    def _by_place(self, envelopes: Sequence[Envelope]) -> Iterator[tuple[tuple[Database, _Queue], list[str]]]:
        for place, group in groupby(sorted(envelopes, key=lambda one: one.place), key=lambda one: one.place):
            yield self._places[place], [str(envelope.id) for envelope in group]


def _envelope(place: str, row: Any) -> Envelope | None:
    """Return the event, or None for one of a newer release: it stays hidden and comes again, perhaps to who knows it."""
    try:
        return Envelope(row["id"], place, event_from(row["kind"], row["payload"]), row["attempts"])
    except KeyError:
        _log.warning("an event of an unknown kind is left for a newer release", extra={"kind": row["kind"]})
        return None
