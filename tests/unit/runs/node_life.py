"""Nodes in memory that can be killed, frozen and thawed at any await, over one store and one log, in a time that stands still."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from adapters.memory.clock import HandClock
from adapters.memory.entropy import MemoryEntropy
from adapters.memory.leases import MemoryRunLeases
from adapters.memory.readers import MemoryAgentReader, MemoryRunReader, MemorySessionReader
from adapters.memory.run_bell import MemoryRunBell
from adapters.memory.run_log import MemoryRunLog
from adapters.memory.shards import MemoryShards
from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables, WaitingEvent
from adapters.models.scripted import ScriptedModel
from adapters.system.task_dispatcher import TaskRunDispatcher
from application.ports.chat_model import ChatModel, ModelChunk, ModelInfo, ModelRequest
from application.ports.run_dispatcher import Assignment
from application.ports.run_log import AttemptStarted, Opened, RunCreated, RunEventBody, RunFeed, RunLog, RunWriter
from application.runs.cancel_run import CancelRun
from application.runs.conclusion import Conclusion
from application.runs.make_reply import MakeReply, MakeReplyCommand
from application.runs.prompting import Prompting
from application.runs.queries import FollowRun
from application.runs.send_message import SendMessage
from application.runs.tend_runs import TendRuns
from application.stopping import RunStopper
from domain.analytics.usage import PriceList
from domain.shared.errors import DomainError
from domain.shared.events import DomainEvent
from domain.shared.identifiers import NodeId, RunId
from tests.support.limits import default_allowances, slots_of

T = TypeVar("T")


class HandLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a clock's that stands still: what sleeps wakes up when somebody moves the hands."""

    def __init__(self, clock: HandClock) -> None:
        self._hands = clock
        super().__init__()

    def time(self) -> float:
        """Return where the hands stand."""
        return self._hands.monotonic()


class Gate:
    """What a process passes before and after each wait: not while it is frozen, and never again when it is dead."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self.dead = False

    @property
    def passable(self) -> bool:
        """Whether the process runs."""
        return self._open.is_set()

    def shut(self) -> None:
        """Freeze the process."""
        self._open.clear()

    def open(self) -> None:
        """Let the process go on where it stands."""
        if not self.dead:
            self._open.set()

    def wall_up(self) -> None:
        """Let the process do nothing any more, not even clean up."""
        self.dead = True
        self._open.clear()

    def raze(self) -> None:
        """Let everything end, when nobody looks any more."""
        self._open.set()

    async def keep(self, work: Callable[[], Awaitable[T]]) -> T:
        """Have the work done outside of the process; what came of it reaches the process when it runs."""
        await self._passed()
        try:
            return await work()
        finally:
            await self._passed()

    async def _passed(self) -> None:
        while not self._open.is_set():
            await self._open.wait()


class NodeStore(MemoryStore):
    """The shared store as one process sees it."""

    def __init__(self, store: MemoryStore, gate: Gate) -> None:
        super().__init__(store.clock)
        self._shared, self._gate = store, gate

    async def read(self) -> Tables:
        """Read, if the process runs."""
        return await self._gate.keep(self._shared.read)

    async def change(self, work: Callable[[Tables], T]) -> T:
        """Change; whether the process gets to know it is another matter."""
        return await self._gate.keep(lambda: self._shared.change(work))

    def waiting(self, place: str, event: DomainEvent) -> WaitingEvent:
        """Return the row of an event."""
        return self._shared.waiting(place, event)


class NodeModel(ChatModel):
    """The model as one process hears it."""

    def __init__(self, model: ScriptedModel, gate: Gate) -> None:
        self._model, self._gate = model, gate

    async def find(self, model: str) -> ModelInfo | None:
        """Ask."""
        return await self._gate.keep(lambda: self._model.find(model))

    async def list(self) -> Sequence[ModelInfo]:
        """Ask."""
        return await self._gate.keep(self._model.list)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelChunk, None]:
        """Hear one piece after the other."""
        stream = self._model.stream(request)
        try:
            while (chunk := await self._gate.keep(lambda: anext(stream, None))) is not None:
                yield chunk
        finally:
            await stream.aclose()


class NodeLog(RunLog):
    """The shared log as one process writes it."""

    def __init__(self, log: RunLog, gate: Gate) -> None:
        self._log, self._gate = log, gate

    def begin(self, run_id: RunId, stored: "asyncio.Future[None] | None" = None) -> RunWriter:
        """Begin."""
        return _NodeWriter(self._log.begin(run_id, stored), self._gate)

    async def take_over(self, created: RunCreated, opening: AttemptStarted) -> Opened:
        """Take over."""
        opened = await self._gate.keep(lambda: self._log.take_over(created, opening))
        return Opened(_NodeWriter(opened.writer, self._gate), opened.written)

    async def last_seq(self, run_id: RunId) -> int:
        """Look."""
        return await self._gate.keep(lambda: self._log.last_seq(run_id))

    async def ping(self) -> None:
        """Reach it."""
        await self._gate.keep(self._log.ping)

    async def feed(self, run_id: RunId, after: int) -> RunFeed:
        """Read."""
        return await self._gate.keep(lambda: self._log.feed(run_id, after))


class _NodeWriter(RunWriter):
    def __init__(self, writer: RunWriter, gate: Gate) -> None:
        self._writer, self._gate = writer, gate

    def tell(self, *bodies: RunEventBody) -> None:
        """Tell."""
        assert self._gate.passable, "a process that does not run tells nothing"
        self._writer.tell(*bodies)

    async def settle(self) -> int:
        """Wait."""
        return await self._gate.keep(self._writer.settle)


class Shared:
    """What all nodes have in common, and what outlives them."""

    def __init__(self, store: MemoryStore, clock: HandClock, model: ScriptedModel) -> None:
        self.store, self.clock, self.model = store, clock, model
        self.log = MemoryRunLog(monotonic=clock.monotonic)
        self.entropy = MemoryEntropy(seed=1, clock=clock)
        self.agents, self.sessions = MemoryAgentReader(store), MemorySessionReader(store)


class LifeNode:
    """One process: the real use cases over what it sees of the shared parts, and the tasks that are under way in it."""

    def __init__(self, number: int, shared: Shared) -> None:
        self.gate = Gate()
        store, clock, entropy = NodeStore(shared.store, self.gate), shared.clock, shared.entropy
        shards, sessions, runs = MemoryShards(store), MemorySessionReader(store), MemoryRunReader(store)
        agents, models, log = MemoryAgentReader(store), NodeModel(shared.model, self.gate), NodeLog(shared.log, self.gate)
        self.leases = MemoryRunLeases(store, NodeId(f"node_{number}"))
        conclusion = Conclusion(shards, runs, self.leases, clock, PriceList({}))
        self._make_reply = MakeReply(shards, models, log, Prompting(sessions, runs, agents, models), conclusion)
        self.dispatcher = TaskRunDispatcher(self._make, slots_of(shared.store, self.leases.node))
        stopper = RunStopper(shards, runs, self.dispatcher, clock)
        self.tend_runs = TendRuns(self.leases, log, self.dispatcher)
        self.cancel_run, self.follow_run = CancelRun(shards, stopper), FollowRun(runs, log)
        self.send_message = SendMessage(
            shards=shards, sessions=sessions, runs=runs, agents=agents, dispatcher=self.dispatcher, stopper=stopper,
            leases=self.leases, bell=MemoryRunBell(), allowances=default_allowances(models), clock=clock, entropy=entropy,
        )
        self._tending: asyncio.Task[object] | None = None

    @property
    def runs(self) -> bool:
        """Whether the process is there and not frozen."""
        return self.gate.passable

    def tend(self, *, strays_too: bool = False) -> None:
        """Look after its runs, if it is not at that already."""
        if self._tending is None or self._tending.done():
            self._tending = asyncio.create_task(_quietly(self.tend_runs.execute(strays_too=strays_too)))

    def leave(self) -> None:
        """Hand its runs over, as a process does that is asked to end."""
        self._tending = asyncio.create_task(_quietly(self._hand_over()))

    async def _make(self, command: MakeReplyCommand) -> Assignment | None:
        await self.gate.keep(_nothing)
        return await self._make_reply.execute(command)

    async def _hand_over(self) -> None:
        await self.dispatcher.close()
        await self.leases.release()
        self.gate.wall_up()


async def _nothing() -> None:
    """A task has been made, and begins."""


async def _quietly(work: Coroutine[Any, Any, object]) -> None:
    """Do what may fail and is tried again."""
    with suppress(DomainError):
        await work
