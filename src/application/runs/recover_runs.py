"""Take up replies that a lost process left unfinished."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.run_dispatcher import RunDispatcher
from application.ports.shards import OpenRuns, Shards
from domain.runs.run import MOST_ATTEMPTS, Run, RunError
from domain.shared.errors import NotFound, StaleWrite


@dataclass(frozen=True, slots=True)
class RecoverRuns:
    """Begins unfinished runs anew; one that was begun three times is failed."""

    open_runs: OpenRuns
    shards: Shards
    dispatcher: RunDispatcher
    clock: Clock

    async def execute(self, limit: int = 1_000) -> int:
        """Return how many runs were taken up or failed."""
        return sum([await self._recover(run) for run in await self.open_runs.list_open(limit)])

    async def _recover(self, run: Run) -> int:
        try:
            again = run.attempt < MOST_ATTEMPTS
            async with self.shards.open(run.owner_id) as unit:
                if again:
                    run.retake()
                else:
                    session = await unit.sessions.get(run.session_id)
                    session.release(run.id, now=self.clock.now())
                    unit.sessions.save(session)
                    error = RunError("node_lost", "The reply was interrupted too often.")
                    run.fail(error, None, last_seq=0, now=self.clock.now())
                    unit.record(run.finished())
                unit.runs.save(run)
                await unit.commit()
        except (StaleWrite, NotFound):
            return 0
        if again:
            self.dispatcher.dispatch(run, None, None)
        return 1
