"""Reading runs and following their events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from application.actor import Actor
from application.freshness import Freshness, Tolerance
from application.ports.readers import RunReader
from application.ports.run_log import RunEvent, RunFeed, RunLog
from application.runs.replay import StoredFeed, last_events, stored_events
from application.runs.views import RunView
from application.runs.watching import WatchedFeed
from domain.runs.run import RunNotFound
from domain.sessions.message import Message
from domain.shared.identifiers import RunId, UserId

# The outcome and the end come into the log when they are stored; a feed waits for them, and knows when their teller died.
_TOLD_AFTER_THE_COMMIT: Final = 2
Telling = Callable[[RunView, Sequence[Message], int], Sequence[RunEvent]]


@dataclass(frozen=True, slots=True)
class ReadRun:
    """One of the caller's runs."""

    runs: RunReader

    async def execute(self, actor: Actor, run_id: RunId, freshness: Freshness = Tolerance.FRESH) -> RunView:
        """Return the run; RunNotFound."""
        run = await self.runs.find(actor.user_id, run_id, freshness)
        if run is None:
            raise RunNotFound(f"There is no run {run_id}.")
        return run


@dataclass(frozen=True, slots=True)
class FollowRun:
    """The events of one of the caller's runs, from a cursor on; from the stored reply when the log is gone."""

    runs: RunReader
    log: RunLog

    async def execute(self, actor: Actor, run_id: RunId, after: int, known: RunView | None = None) -> RunFeed:
        """Return a feed of all events over seq `after` (0 or less: from the start); `known` saves a read.

        RunNotFound; Unavailable when the log is out of reach: whether it is gone cannot be known then.
        """
        run = known or await self.runs.find(actor.user_id, run_id)
        if run is None:
            raise RunNotFound(f"There is no run {run_id}.")
        cursor = max(after, 0)
        if run.status.terminal:
            if await self.log.last_seq(run_id) < run.last_seq - _TOLD_AFTER_THE_COMMIT:
                return StoredFeed(await self._told(stored_events, actor.user_id, run, cursor))
            if cursor >= run.last_seq:
                return StoredFeed(await self._told(last_events, actor.user_id, run, cursor))
        feed = await self.log.feed(run_id, cursor)
        text_told_at = run.last_seq - _TOLD_AFTER_THE_COMMIT if run.status.terminal else None
        return WatchedFeed(feed, cursor, partial(self._remainder, actor.user_id, run_id), text_told_at)

    async def _remainder(self, owner_id: UserId, run_id: RunId, cursor: int) -> Sequence[RunEvent]:
        """Return the end of a run whose maker died between storing it and telling so."""
        run = await self.runs.find(owner_id, run_id)
        if run is None or not run.status.terminal:
            return ()
        all_text_told = cursor >= run.last_seq - _TOLD_AFTER_THE_COMMIT
        return await self._told(last_events if all_text_told else stored_events, owner_id, run, cursor)

    async def _told(self, tell: Telling, owner_id: UserId, run: RunView, cursor: int) -> Sequence[RunEvent]:
        return tell(run, await self.runs.read_exchange(owner_id, run.id), cursor)


@dataclass(frozen=True, slots=True)
class ReadReply:
    """The reply of a run that has ended."""

    runs: RunReader

    async def execute(self, actor: Actor, run_id: RunId) -> Message | None:
        """Return the stored reply, or None when there is none."""
        return next((m for m in await self.runs.read_exchange(actor.user_id, run_id) if m.role == "assistant"), None)
