"""Replies made by tasks of this process."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

from application.limits.stream_slots import StreamSlots
from application.ports.limiter import Held
from application.ports.run_dispatcher import Assignment, RunDispatcher
from application.runs.interruption import Interruption
from application.runs.make_reply import MakeReplyCommand
from domain.shared.identifiers import RunId

Maker = Callable[[MakeReplyCommand], Awaitable[Assignment | None]]


class TaskRunDispatcher(RunDispatcher):
    """One task per run, which holds one of its owner's streams.

    Runs that are cut off by `close` stay open in the database, for whoever claims them.
    """

    def __init__(self, make_reply: Maker, slots: StreamSlots) -> None:
        self._make_reply, self._slots = make_reply, slots
        self._running: dict[RunId, tuple[asyncio.Task[None], Interruption]] = {}
        self._closed = False

    @property
    def making(self) -> Collection[RunId]:
        """Return the runs with a task."""
        return self._running.keys()

    def dispatch(self, assignment: Assignment) -> None:
        """Start the run's task; nothing after `close`."""
        run_id, interruption = assignment.run.id, Interruption()
        if self._closed:
            return
        if run_id in self._running:
            self._running[run_id][0].cancel()
        hold = assignment.hold or self._slots.force(assignment.run.owner_id)
        command = MakeReplyCommand(replace(assignment, hold=hold), interruption)
        task = asyncio.create_task(self._run(command), name=run_id)
        self._running[run_id] = (task, interruption)
        task.add_done_callback(lambda done: self._forget(run_id, done, hold))

    def drop(self, run_id: RunId) -> None:
        """Cut the run's task off."""
        if run_id in self._running:
            self._running[run_id][0].cancel()

    def interrupt(self, run_id: RunId) -> bool:
        """Interrupt the run's task, which then stores what there is."""
        found = self._running.get(run_id)
        if found is not None:
            found[1].request()
        return found is not None

    async def close(self) -> None:
        """Cut off what is still running."""
        self._closed = True
        tasks = [task for task, _ in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, command: MakeReplyCommand) -> None:
        following = await self._make_reply(command)
        if following is not None:
            self.dispatch(following)

    def _forget(self, run_id: RunId, task: "asyncio.Task[None]", hold: Held) -> None:
        hold.release()
        if run_id in self._running and self._running[run_id][0] is task:
            del self._running[run_id]
