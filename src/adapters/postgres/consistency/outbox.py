"""Events that wait, and pins: what is scanned beside conversations."""

from typing import Final

from sqlalchemy import Table, cast, extract, func
from sqlalchemy.types import Double

from adapters.postgres.consistency.scan import Row, Scan, Selection
from adapters.postgres.tables import CATALOG_OUTBOX, SHARD_OUTBOX, SHARD_PINS
from domain.consistency.facts import EventFacts, PinFacts

_PINS: Final = Selection(
    (SHARD_PINS.c.user_id, SHARD_PINS.c.shard), (SHARD_PINS.c.user_id,), ("",), SHARD_PINS.c.user_id
)


def event_scan(size: int, *, catalog: bool) -> Scan:
    """Return the scan of the catalog's outbox, or of a shard's."""
    table: Table = CATALOG_OUTBOX if catalog else SHARD_OUTBOX
    due_for = cast(extract("epoch", func.now() - table.c.due_at), Double).label("due_for")
    return Scan(Selection((table.c.id, table.c.kind, table.c.attempts, due_for), (table.c.id,), ("",), table.c.id), size, _event)


def pin_scan(size: int) -> Scan:
    """Return the scan of pins."""
    return Scan(_PINS, size, lambda row, _: PinFacts(row["user_id"], row["shard"]))


def _event(row: Row, _: int) -> EventFacts:
    return EventFacts(row["id"], row["kind"], row["due_for"], row["attempts"])
