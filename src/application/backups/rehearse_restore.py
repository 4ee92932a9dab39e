"""The drill: restore everything to an empty place, look at it, measure, and remove it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from application.backups.archive import Archive
from application.backups.restoring import Plan, plan, restored
from application.backups.stock import stocks
from application.ports.clock import Clock
from application.ports.recovery import CheckedPart, RecoveryPlace, RestoredServer
from domain.backups.base import BaseBackup

# Looks whether the parts agree with themselves and each other; told the address of each part that is there.
LookAtAll = Callable[[Mapping[str, str]], Awaitable[CheckedPart]]


@dataclass(frozen=True, slots=True)
class RestoredOnTrial:
    """What a loss at the drill's beginning would have cost; `lost_seconds` of writes, `recovery_seconds` until new ones."""

    backup: BaseBackup
    lost_seconds: float
    recovery_seconds: float
    parts: Sequence[CheckedPart]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Each server by itself, and all of them together."""

    servers: Sequence[RestoredOnTrial]
    together: CheckedPart

    @property
    def ok(self) -> bool:
        """Whether everything is right."""
        return self.together.ok and all(part.ok for server in self.servers for part in server.parts)


@dataclass(frozen=True, slots=True)
class RehearseRestore:
    """Restores each server to its latest moment, one after the other, and looks at them while all of them run."""

    archive: Archive
    clock: Clock
    place_of: Callable[[str], RecoveryPlace]
    look_at_all: LookAtAll

    async def execute(self, server: str | None = None) -> Rehearsal:
        """Return how it went; BackupProblem when a server cannot be restored. Nothing of it is left."""
        began, addresses = self.clock.now(), dict[str, str]()
        plans = [plan(stock, None) for stock in await stocks(self.archive, server)]
        places = [self.place_of(planned.stock.label) for planned in plans]
        for planned, place in zip(plans, places, strict=True):
            await place.require_fit(planned.source.backup)
        async with AsyncExitStack() as running:
            found = [await self._restored(planned, place, running) for planned, place in zip(plans, places, strict=True)]
            for _, one in found:
                addresses |= one.addresses
            servers = [
                RestoredOnTrial(
                    planned.source.backup, max((began - planned.stock.latest).total_seconds(), 0), seconds, await one.check()
                )
                for planned, (seconds, one) in zip(plans, found, strict=True)
            ]
            return Rehearsal(servers, await self.look_at_all(addresses))

    async def _restored(self, planned: Plan, place: RecoveryPlace, running: AsyncExitStack) -> tuple[float, RestoredServer]:
        began = self.clock.now()
        running.push_async_callback(place.discard)
        server = await running.enter_async_context(restored(self.archive, planned, place))
        return (self.clock.now() - began).total_seconds(), server
