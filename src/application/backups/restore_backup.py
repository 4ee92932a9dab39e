"""Restore all servers, or one, to one moment."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

from application.backups.archive import Archive
from application.backups.restoring import Plan, plan, restored
from application.backups.stock import stocks
from application.ports.recovery import RecoveryPlace
from domain.backups.base import BaseBackup


@dataclass(frozen=True, slots=True)
class RestoreBackupCommand:
    """`at` is None for the latest moment; `server` is a label or a system id, None for all."""

    at: datetime | None = None
    server: str | None = None


@dataclass(frozen=True, slots=True)
class RestoredPart:
    """A server that is back: `moment` is what was asked for, `last_commit` the newest transaction in it."""

    backup: BaseBackup
    moment: datetime
    last_commit: datetime | None


@dataclass(frozen=True, slots=True)
class RestoreBackup:
    """`place_of` gives the place for a server with this label."""

    archive: Archive
    place_of: Callable[[str], RecoveryPlace]

    async def execute(self, command: RestoreBackupCommand) -> list[RestoredPart]:
        """Return what was restored; BackupProblem, and then nothing that was made is left."""
        found = await stocks(self.archive, command.server)
        moment = command.at if command.at or len(found) == 1 else min(stock.latest for stock in found)
        plans = [plan(stock, moment) for stock in found]
        places = [self.place_of(planned.stock.label) for planned in plans]
        for planned, place in zip(plans, places, strict=True):
            await place.require_fit(planned.source.backup)
        async with AsyncExitStack() as undoing:
            for place in places:
                undoing.push_async_callback(place.discard)
            parts = [await self._restore(planned, place) for planned, place in zip(plans, places, strict=True)]
            undoing.pop_all()
        return parts

    async def _restore(self, planned: Plan, place: RecoveryPlace) -> RestoredPart:
        async with restored(self.archive, planned, place) as server:
            return RestoredPart(planned.source.backup, planned.moment or planned.stock.latest, server.recovered_to)
