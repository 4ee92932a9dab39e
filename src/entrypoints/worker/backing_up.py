"""Work that no request waits for: the log of every database server is stored while it is written, and base backups when due.

Of all workers of the cluster one does it for a server; another takes over when that one is gone.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.backups.create_backup import CreateBackup
from application.backups.expire_backups import ExpireBackups
from application.backups.ship_wal import ShipWal
from application.ports.backup_source import BackupSource, WalFeed
from domain.backups.base import ServerFacts
from domain.backups.problems import BackupProblem
from domain.backups.schedule import is_due

_PAUSE_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackupWork:
    """What is needed for it; `every` is None where no base backups are made by themselves."""

    sources: Callable[[], Awaitable[Sequence[BackupSource]]]
    create: CreateBackup
    expire: ExpireBackups
    ship: ShipWal
    every: timedelta | None


async def back_up(work: BackupWork, *, pause: float = _PAUSE_SECONDS) -> None:
    """Keep every server backed up until this task is cancelled."""
    sources = await _sources(work, pause)
    async with asyncio.TaskGroup() as tasks:
        for source in sources:
            tasks.create_task(_keep(work, source, pause))


async def _sources(work: BackupWork, pause: float) -> Sequence[BackupSource]:
    while True:
        try:
            return await work.sources()
        except BackupProblem as problem:
            _log.warning("the servers to back up cannot be asked", extra={"reason": str(problem)})
        await asyncio.sleep(pause)


async def _keep(work: BackupWork, source: BackupSource, pause: float) -> None:
    while True:
        try:
            async with source.follow_wal() as feed:
                if feed is not None:
                    await _lead(work, source, feed)
        except* BackupProblem as problems:
            _log.warning("the log is not stored now", extra={"reason": "; ".join(str(one) for one in problems.exceptions)})
        except* Exception as failures:  # noqa: BLE001  (the worker has other work to do)
            _log.exception("backing up failed", exc_info=failures)
        await asyncio.sleep(pause)


async def _lead(work: BackupWork, source: BackupSource, feed: WalFeed) -> None:
    facts = await source.describe()
    _log.info("storing the log", extra={"server": facts.label})
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work.ship.execute(feed, facts.system_id, facts.segment_bytes))
        tasks.create_task(_make_bases(work, source, facts, at_once=feed.begins_anew))


async def _make_bases(work: BackupWork, source: BackupSource, facts: ServerFacts, *, at_once: bool) -> None:
    """Make a base backup whenever one is due; one that fails is tried again, and the log goes on being stored."""
    while work.every is not None:
        try:
            if at_once or await _due(work, source, facts, work.every):
                await work.create.execute(source)
                at_once = False
                removed = await work.expire.execute(facts.system_id)
                _log.info("made a base backup", extra={"server": facts.label, "removed": removed})
        except BackupProblem as problem:
            _log.error("a base backup failed", extra={"server": facts.label, "reason": str(problem)})
        await asyncio.sleep(_LOOK_SECONDS)


async def _due(work: BackupWork, source: BackupSource, facts: ServerFacts, every: timedelta) -> bool:
    archive = work.create.archive
    wal = await archive.wal_of(facts.system_id, facts.segment_bytes)
    way = await archive.timelines(facts.system_id, wal)
    return is_due(await archive.backups_of(facts.system_id), wal.replayable(), way, every, await source.now())
