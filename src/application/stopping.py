"""Stopping a reply, wherever it is being made."""

import asyncio
from dataclasses import dataclass
from typing import Final

from application.ports.clock import Clock
from application.ports.readers import RunReader
from application.ports.run_dispatcher import RunDispatcher
from application.ports.shards import Shards, ShardUnitOfWork
from application.retrying import again_when_stale
from application.runs.views import RunView
from domain.runs.run import Run, RunStatus
from domain.sessions.session import Session
from domain.shared.identifiers import RunId, UserId

_PATIENCE_SECONDS: Final = 10.0
_LOCAL_PATIENCE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 0.25
# What tells of a run that ended before its turn: created, cancelled, end.
_EVENTS_OF_A_CANCELLED_WAIT: Final = 3


@dataclass(frozen=True, slots=True)
class RunStopper:
    """Ends a reply that is being made here at once, one elsewhere by asking for it in the database, one that waits by itself."""

    shards: Shards
    runs: RunReader
    dispatcher: RunDispatcher
    clock: Clock

    async def stop(self, owner_id: UserId, run_id: RunId) -> RunView | None:
        """Return the run as it is when it has ended, or after some ten seconds; None when the owner has no such run."""
        run = await self.runs.find(owner_id, run_id)
        if run is None or run.status.terminal:
            return run
        if self.dispatcher.interrupt(run_id):
            run = await self._ended(owner_id, run_id, _LOCAL_PATIENCE_SECONDS)
            if run is None or run.status.terminal:
                return run
        # It is made elsewhere, also if it was here: another node may have taken it over.
        await again_when_stale(lambda: self._request(owner_id, run_id))
        return await self._ended(owner_id, run_id, _PATIENCE_SECONDS)

    async def silenced(self, unit: ShardUnitOfWork, session: Session) -> Session:
        """Return the session without a reply under way, if all come to their end in time.

        Those that wait end too, for each gets its turn when one has ended.
        """
        for _ in range(session.waiting + 1):
            if session.active_run_id is None:
                break
            await self.stop(session.owner_id, session.active_run_id)
            session = await unit.sessions.get(session.id)
        return session

    async def _request(self, owner_id: UserId, run_id: RunId) -> None:
        async with self.shards.open(owner_id) as unit:
            run = await unit.runs.get(run_id)
            if run.status is RunStatus.QUEUED:
                session = await unit.sessions.get(run.session_id)
                session.unqueue(now=self.clock.now())
                self._cancel(run)
                unit.sessions.save(session)
                unit.record(run.finished())
            elif not run.status.terminal:
                run.request_cancel()
            unit.runs.save(run)
            await unit.commit()

    def _cancel(self, run: Run) -> None:
        run.cancel(None, last_seq=_EVENTS_OF_A_CANCELLED_WAIT, now=self.clock.now())

    async def _ended(self, owner_id: UserId, run_id: RunId, patience: float) -> RunView | None:
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + patience, 0.005
        while True:
            run = await self.runs.find(owner_id, run_id)
            if run is None or run.status.terminal or loop.time() >= deadline:
                return run
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
