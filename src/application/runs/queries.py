"""Reading runs and following their events."""

from dataclasses import dataclass

from application.actor import Actor
from application.ports.readers import RunReader
from application.ports.run_log import RunFeed, RunLog
from application.runs.replay import StoredFeed, stored_events
from application.runs.views import RunView
from domain.runs.run import RunNotFound
from domain.sessions.message import Message
from domain.shared.identifiers import RunId


@dataclass(frozen=True, slots=True)
class ReadRun:
    """One of the caller's runs."""

    runs: RunReader

    async def execute(self, actor: Actor, run_id: RunId) -> RunView:
        """Return the run; RunNotFound."""
        run = await self.runs.find(actor.user_id, run_id)
        if run is None:
            raise RunNotFound(f"There is no run {run_id}.")
        return run


@dataclass(frozen=True, slots=True)
class FollowRun:
    """The events of one of the caller's runs, from a cursor on; from the stored reply when the log is gone."""

    runs: RunReader
    log: RunLog

    async def execute(self, actor: Actor, run_id: RunId, after: int, known: RunView | None = None) -> RunFeed:
        """Return a feed of all events over seq `after` (0 or less: from the start); `known` saves a read; RunNotFound."""
        run = known or await self.runs.find(actor.user_id, run_id)
        if run is None:
            raise RunNotFound(f"There is no run {run_id}.")
        cursor = max(after, 0)
        if run.status.terminal and await self.log.last_seq(run_id) < run.last_seq:
            return StoredFeed(stored_events(run, await self.runs.read_exchange(actor.user_id, run_id), cursor))
        return self.log.feed(run_id, cursor)


@dataclass(frozen=True, slots=True)
class ReadReply:
    """The reply of a run that has ended."""

    runs: RunReader

    async def execute(self, actor: Actor, run_id: RunId) -> Message | None:
        """Return the stored reply, or None when there is none."""
        return next((m for m in await self.runs.read_exchange(actor.user_id, run_id) if m.role == "assistant"), None)
