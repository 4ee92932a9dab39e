"""Making replies and showing them."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from adapters.memory.run_log import MemoryRunLog
from adapters.system.task_dispatcher import TaskRunDispatcher
from application.ports.run_dispatcher import RunDispatcher
from application.ports.run_log import RunLog
from application.runs.make_reply import MakeReply
from entrypoints.http.event_stream import OpenStreams


class RunsProvider(Provider):
    """The run log, and the tasks that fill it."""

    scope = Scope.APP
    open_streams = provide(OpenStreams)

    @provide
    def run_log(self) -> RunLog:
        """Return the log of this process."""
        return MemoryRunLog()

    @provide
    async def tasks(self, make_reply: MakeReply) -> AsyncIterator[TaskRunDispatcher]:
        """Return the tasks of this process; those still running in the end are cut off and taken up at the next start."""
        dispatcher = TaskRunDispatcher(make_reply.execute)
        yield dispatcher
        await dispatcher.close()

    @provide
    def dispatcher(self, tasks: TaskRunDispatcher) -> RunDispatcher:
        """Return the port in front of the tasks."""
        return tasks
