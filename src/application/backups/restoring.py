"""Bringing one server back, for a restore and for a drill alike."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.backups.archive import Archive, data_name, wal_name
from application.backups.stock import Stock, told_segments
from application.ports.recovery import RecoveryPlace, RestoredServer
from domain.backups.choice import Source, choose
from domain.backups.problems import NotRestorable
from domain.backups.wal import SEGMENT_NAME, Segment

_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """What is restored to which moment (None: the end of the log) from what, and up to which segment there is no gap."""

    stock: Stock
    moment: datetime | None
    source: Source
    gap: Segment | None

    def told_gap(self) -> str:
        """Return the sentence about the gap."""
        missing = told_segments(self.stock.gaps(self.source.backup), self.stock.wal.segment_bytes)
        return f"The log of the {self.stock.label} has a gap: {missing} missing"


def plan(stock: Stock, moment: datetime | None) -> Plan:
    """Return how to get there; NotRestorable says what stands against it."""
    if moment is not None and moment > stock.latest:
        raise NotRestorable(f"The latest moment to which the {stock.label} can be restored is {stock.latest.isoformat()}.")
    source = choose(stock.backups, stock.way, moment)
    gaps = [segment for segment in stock.gaps(source.backup) if source.last is None or segment.number <= source.last]
    found = Plan(stock, moment, source, gaps[0] if gaps else None)
    if gaps and moment is None:
        raise NotRestorable(f"{found.told_gap()}; name a moment before it with --at.")
    return found


@asynccontextmanager
async def restored(archive: Archive, planned: Plan, place: RecoveryPlace) -> AsyncIterator[RestoredServer]:
    """Unpack, lay the log ready, recover; the server runs until the block ends. BackupProblem."""
    backup = planned.source.backup
    await place.unpack(archive.storage.get(data_name(backup)))
    await _lay_wal_ready(archive, planned, place)
    async with place.recover(backup, planned.moment) as server:
        if planned.gap is not None and not server.reached_target:
            raise NotRestorable(f"{planned.told_gap()}, and the moment lies behind it.")
        yield server


async def _lay_wal_ready(archive: Archive, planned: Plan, place: RecoveryPlace) -> None:
    turn, size, system_id = asyncio.Semaphore(_AT_ONCE), planned.stock.wal.segment_bytes, planned.stock.system_id

    async def lay(name: str) -> None:
        async with turn:
            content = archive.storage.get(wal_name(system_id, name))
            whole = name if SEGMENT_NAME.fullmatch(name) else name.partition(".partial-")[0]
            await place.add_wal(whole, content, size if SEGMENT_NAME.fullmatch(whole) else None)

    try:
        async with asyncio.TaskGroup() as tasks:
            for name in [*_segments(planned), *planned.stock.wal.histories()]:
                tasks.create_task(lay(name))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def _segments(planned: Plan) -> list[str]:
    """Return the names of the files to read: from the backup's first segment up to the last one needed, or to a gap."""
    source, found = planned.source, planned.stock.wal.segments()
    last = min(
        source.last if source.last is not None else max((segment.number for segment in found), default=0),
        planned.gap.number - 1 if planned.gap else max((segment.number for segment in found), default=0),
    )
    return [name for segment, name in found.items() if source.first <= segment.number <= last]
