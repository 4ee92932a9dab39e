"""Replies made by tasks of this process."""

import asyncio
from collections.abc import Awaitable, Callable

from application.agents.views import AgentView
from application.ports.run_dispatcher import RunDispatcher
from application.runs.interruption import Interruption
from application.runs.make_reply import MakeReplyCommand
from domain.runs.run import Run
from domain.sessions.message import Message
from domain.shared.identifiers import RunId


class TaskRunDispatcher(RunDispatcher):
    """One task per run. Runs that are cut off by `close` stay open in the database and are taken up at the next start."""

    def __init__(self, make_reply: Callable[[MakeReplyCommand], Awaitable[None]]) -> None:
        self._make_reply = make_reply
        self._running: dict[RunId, tuple[asyncio.Task[None], Interruption]] = {}

    @property
    def active(self) -> int:
        """How many replies are being made."""
        return len(self._running)

    def dispatch(self, run: Run, message: Message | None, agent: AgentView | None) -> None:
        """Start the run's task."""
        interruption = Interruption()
        task = asyncio.create_task(self._run(MakeReplyCommand(run, message, agent, interruption)), name=run.id)
        self._running[run.id] = (task, interruption)

    async def cancel(self, run_id: RunId) -> bool:
        """Interrupt the run's task and wait for its outcome to be stored."""
        found = self._running.get(run_id)
        if found is None:
            return False
        task, interruption = found
        interruption.request()
        await asyncio.wait({task})
        return True

    async def close(self) -> None:
        """Cut off what is still running."""
        tasks = [task for task, _ in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, command: MakeReplyCommand) -> None:
        try:
            await self._make_reply(command)
        finally:
            self._running.pop(command.run.id, None)
