"""Backups for tests."""

from datetime import UTC, datetime, timedelta

from domain.backups.base import BaseBackup, Holding, ServerFacts

MIB = 1 << 20
SEGMENT = 16 * MIB
NOON = datetime(2026, 10, 24, 12, tzinfo=UTC)


def base(hour: float, *, segment: int = 1, timeline: int = 1) -> BaseBackup:
    """Return a base backup that began so many hours after noon, took a minute, and lies within one segment."""
    facts = ServerFacts(7, "catalog", (Holding("catalog", "onelast"),), "onelast", 180_006, False, SEGMENT)
    began = NOON + timedelta(hours=hour)
    start = segment * SEGMENT + 40
    return BaseBackup(f"{began:%H%M}", facts, timeline, start, start + 300, began, began + timedelta(minutes=1), 1_000)
