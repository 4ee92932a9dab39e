"""Keep this node's runs, stop those that somebody cancelled, and take up those that lost their node."""

from dataclasses import dataclass
from typing import Final

from application.ports.run_dispatcher import Assignment, RunDispatcher
from application.ports.run_leases import RunLeases
from application.ports.run_log import RunLog

_CLAIMED_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class TendRuns:
    """Called again and again, well within a lease's time."""

    leases: RunLeases
    log: RunLog
    dispatcher: RunDispatcher

    async def execute(self, *, strays_too: bool = False) -> int:
        """Return how many runs were taken up; `strays_too` also looks for own runs whose beginning was lost.

        Unavailable; also when the log cannot be reached: a node that can only sit on others' runs leaves them to the next.
        """
        for run_id in await self.leases.renew():
            self.dispatcher.interrupt(run_id)
        await self.log.ping()
        taken = list(await self.leases.claim(_CLAIMED_AT_ONCE))
        if strays_too:
            taken += await self.leases.reclaim(self.dispatcher.making, _CLAIMED_AT_ONCE)
        for run in taken:
            self.dispatcher.dispatch(Assignment(run))
        return len(taken)
