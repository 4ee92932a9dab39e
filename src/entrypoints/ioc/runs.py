"""Making replies and showing them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from dishka import Provider, Scope, provide

from adapters.memory.run_bell import MemoryRunBell
from adapters.redis.run_bell import RedisRunBell
from adapters.redis.run_log import RedisRunLog
from adapters.system.task_dispatcher import TaskRunDispatcher
from application.limits.stream_slots import StreamSlots
from application.ports.entropy import Entropy
from application.ports.run_bell import RunBell
from application.ports.run_dispatcher import RunDispatcher
from application.ports.run_leases import RunLeases
from application.ports.run_log import RunLog
from application.runs.conclusion import Conclusion
from application.runs.make_reply import MakeReply
from application.runs.prompting import Prompting
from application.runs.tend_runs import TendRuns
from application.stopping import RunStopper
from domain.shared.errors import Unavailable
from domain.shared.identifiers import NodeId
from entrypoints.http.event_stream import OpenStreams
from entrypoints.settings import Settings
from entrypoints.worker.tending import hand_over, keep, tend


class RunMaking:
    """What a serving node does beside answering requests: it keeps its lease, and hands its runs over when it leaves."""

    def __init__(
        self, tend_runs: TendRuns, leases: RunLeases, tasks: TaskRunDispatcher, streams: OpenStreams, slots: StreamSlots
    ) -> None:
        self._tend_runs, self._leases, self._tasks, self._streams, self._slots = tend_runs, leases, tasks, streams, slots
        self._loop: asyncio.Future[Any] | None = None

    async def begin(self) -> None:
        """Take the lease, which must stand before the first run is accepted, and tend it from now on."""
        await self._leases.renew()
        self._loop = asyncio.gather(tend(self._tend_runs), keep(self._slots))

    async def leave(self) -> None:
        """Send viewers away, cut off the replies, and let others claim them."""
        self._streams.drain()
        if self._loop is not None:
            self._loop.cancel()
            with suppress(asyncio.CancelledError):
                await self._loop
        await self._tasks.close()
        await hand_over(self._leases)


class RunsProvider(Provider):
    """The run log, and the tasks that fill it."""

    scope = Scope.APP
    making = provide(RunMaking)
    prompting = provide(Prompting)
    conclusion = provide(Conclusion)
    stopper = provide(RunStopper)

    @provide
    def open_streams(self) -> OpenStreams:
        """Return the viewers of this process, none yet."""
        return OpenStreams()

    @provide
    async def run_log(self, settings: Settings, leases: RunLeases) -> AsyncIterator[RunLog]:
        """Return the log on Redis or Valkey; it connects by itself."""
        log = RedisRunLog(settings.require_redis(), tenure=lambda: leases.tenure)
        with suppress(Unavailable):
            await log.ping()
        yield log
        await log.close()

    @provide
    async def bell(self, settings: Settings) -> AsyncIterator[RunBell]:
        """Return the bell over Redis or Valkey."""
        bell = RedisRunBell(settings.require_redis(), MemoryRunBell())
        yield bell
        await bell.close()

    @provide
    def node(self, entropy: Entropy) -> NodeId:
        """Return what this process is called, for as long as it lives."""
        return NodeId(entropy.identifier("node", entropy.bucket()))

    @provide
    async def tasks(self, make_reply: MakeReply, slots: StreamSlots) -> AsyncIterator[TaskRunDispatcher]:
        """Return the tasks of this process; those still running in the end are cut off, for others to claim."""
        dispatcher = TaskRunDispatcher(make_reply.execute, slots)
        yield dispatcher
        await dispatcher.close()

    @provide
    def dispatcher(self, tasks: TaskRunDispatcher) -> RunDispatcher:
        """Return the port in front of the tasks."""
        return tasks
