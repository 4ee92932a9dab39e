"""Readings and writes on several nodes while everything goes wrong, against the history of what was committed."""

import asyncio
from collections.abc import Collection
from typing import ClassVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from application.ports.cache import Cache
from domain.shared.errors import Unavailable
from tests.unit.caching.proof.deployment import LIFETIME_SECONDS, SHAPE, Deployment, Node
from tests.unit.caching.proof.history import History

KEYS = ("a", "b")
numbers = st.integers(0, 2)
keys = st.sampled_from(KEYS)


class CacheMachine(RuleBasedStateMachine):
    """What can be done to any deployment. A reading of the database sees what is stored, and then waits while it is held."""

    layers: ClassVar[tuple[str, ...]] = ("process,redis",) * 3
    deployment_type: ClassVar[type[Deployment]] = Deployment

    def __init__(self) -> None:
        super().__init__()
        self.deployment = self.deployment_type(self.layers)
        self.history = History(KEYS, LIFETIME_SECONDS, self.deployment.monotonic)
        self.deployment.store.told = self.history.invalidate
        self.outbox: list[tuple[str, int]] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.open_database = asyncio.Event()
        self.open_database.set()
        self.nodes: list[Node] = self.deployment.runner.run(self.deployment.open())

    @rule(at=numbers, key=keys)
    def read(self, at: int, key: str) -> None:
        self._begin(self._read(at % len(self.nodes), key))

    @rule(at=numbers, key=keys, crashes=st.booleans())
    def write(self, at: int, key: str, crashes: bool) -> None:
        """Commit, and invalidate unless the node dies in between."""
        self._begin(self._write(self.nodes[at % len(self.nodes)], key, crashes))

    @rule(at=numbers, key=keys, elsewhere=numbers)
    def write_and_read_elsewhere(self, at: int, key: str, elsewhere: int) -> None:
        """The writer moves to another node as soon as the write is acknowledged."""

        async def write_and_read() -> None:
            await self._write(self.nodes[at % len(self.nodes)], key, False)
            await self._read(elsewhere % len(self.nodes), key)

        self._begin(write_and_read())

    @rule(at=numbers)
    def repeat_from_the_outbox(self, at: int) -> None:
        """A worker has its own cache: any node stands for it."""
        self._begin(self._repeat(self.nodes[at % len(self.nodes)].cache))

    @rule(held=st.booleans())
    def hold_the_database(self, held: bool) -> None:
        if held:
            self.open_database.clear()
        else:
            self._begin(self._open_database())

    @rule(at=numbers, key=keys, elsewhere=numbers, crashes=st.booleans(), seconds=st.sampled_from([0.3, 3.0, 7.0]))
    def read_slowly_while_somebody_writes(self, at: int, key: str, elsewhere: int, crashes: bool, seconds: float) -> None:
        """The reading has seen what was stored before the write."""
        self.hold_the_database(held=True)
        self.read(at=at, key=key)
        self.write(at=elsewhere, key=key, crashes=crashes)
        self.let_time_go_by(seconds=seconds)
        self.hold_the_database(held=False)

    @rule(seconds=st.sampled_from([0.0006, 0.0504, 0.3, 0.7, 0.9996, 1.0, 3.0, 9.0]))
    def let_time_go_by(self, seconds: float) -> None:
        self.deployment.run(self.deployment.advance(seconds))

    @invariant()
    def nobody_read_what_is_too_old(self) -> None:
        for task in [task for task in self.tasks if task.done()]:
            self.tasks.remove(task)
            task.result()

    def teardown(self) -> None:
        for node in self.nodes:
            node.gate.raze()
        self.deployment.close()
        for task in self.tasks:
            if task.done() and not task.cancelled():
                task.exception()  # one failure was told; Python shall not tell the others whenever it collects them

    def _begin(self, work: object) -> None:
        self.tasks.append(self.deployment.run(work))  # type: ignore[arg-type]

    async def _read(self, at: int, key: str) -> None:
        node = self.nodes[at]
        reading = self.history.begin(key, at)
        self.history.end(reading, await node.reads.read(key, SHAPE, lambda: node.gate.keep(lambda: self._load(key))))

    async def _load(self, key: str) -> int:
        version = self.history.keys[key].version
        await asyncio.sleep(0)
        await self.open_database.wait()
        return version

    async def _write(self, node: Node, key: str, crashes: bool) -> None:
        version = self.history.commit(key)
        self.outbox.append((key, version))
        if not crashes:
            await self._invalidate(node.cache, key, version)

    async def _invalidate(self, cache: Cache, key: str, version: int) -> None:
        try:
            await cache.invalidate([key])
        except Unavailable:
            return
        self.history.acknowledge(key, version)
        if (key, version) in self.outbox:
            self.outbox.remove((key, version))

    async def _repeat(self, cache: Cache) -> None:
        for key, version in tuple(self.outbox):
            if self.deployment.repeats:
                await self._invalidate(cache, key, version)
            else:
                self.history.acknowledge(key, version)

    async def _open_database(self) -> None:
        self.open_database.set()


class FaultyMachine(CacheMachine):
    """With all that can go wrong between nodes and the model of the shared store."""

    @rule(at=numbers, frozen=st.booleans())
    def freeze(self, at: int, frozen: bool) -> None:
        """Nothing that happens reaches the node, and its time goes on."""
        node, line = self.nodes[at], self.deployment.lines[at]
        if frozen:
            node.gate.shut()
            line.flowing.clear()
            line.slow = True
        else:
            self._begin(self._thaw(at))

    @rule(at=numbers, holding=st.booleans())
    def hold_answers(self, at: int, holding: bool) -> None:
        """What the node asks is done, but it does not learn of it."""
        if holding:
            self.deployment.lines[at].flowing.clear()
        else:
            self._begin(self._flow(at))

    @rule(at=numbers, key=keys, elsewhere=numbers, seconds=st.sampled_from([0.0504, 1.0]))
    def answer_slowly_while_somebody_writes(self, at: int, key: str, elsewhere: int, seconds: float) -> None:
        """What the store has answered is on its way when it becomes wrong."""
        self.hold_answers(at=at, holding=True)
        self.read(at=at, key=key)
        self.write(at=elsewhere, key=key, crashes=False)
        self.let_time_go_by(seconds=seconds)
        self.hold_answers(at=at, holding=False)

    @rule(at=numbers, cut=st.booleans())
    def cut(self, at: int, cut: bool) -> None:
        """The node cannot reach the store, and hears nothing of it."""
        line = self.deployment.lines[at]
        line.cut = cut
        line.break_off()

    @rule(cut=st.booleans())
    def take_the_store_away(self, cut: bool) -> None:
        for at in range(len(self.deployment.lines)):
            self.cut(at=at, cut=cut)

    @rule(at=numbers, slow=st.booleans())
    def hold_messages(self, at: int, slow: bool) -> None:
        self.deployment.lines[at].slow = slow

    @rule(at=numbers, place=st.integers(0, 2), lost=st.booleans())
    def have_a_message_arrive(self, at: int, place: int, lost: bool) -> None:
        """In any order, or never."""
        line = self.deployment.lines[at]
        if lost:
            del line.mail[place:place + 1]
        else:
            self._begin(self._arrive(at, place))

    @rule(key=keys)
    def evict(self, key: str) -> None:
        self.deployment.store.evict(key)

    @rule()
    def restart_the_store(self) -> None:
        self.deployment.store.restart()

    async def _thaw(self, at: int) -> None:
        self.nodes[at].gate.open()
        self.deployment.lines[at].slow = False
        while self.deployment.lines[at].mail:
            self.deployment.lines[at].arrive(0)
        self.deployment.lines[at].flowing.set()

    async def _flow(self, at: int) -> None:
        self.deployment.lines[at].flowing.set()

    async def _arrive(self, at: int, place: int) -> None:
        self.deployment.lines[at].arrive(place)


FAULTS = frozenset({
    "answer_slowly_while_somebody_writes", "cut", "evict", "freeze", "have_a_message_arrive", "hold_answers", "hold_messages",
    "restart_the_store", "take_the_store_away",
})


def prove(
    machine: type[CacheMachine], *, examples: int, steps: int = 40, faults: Collection[str] = FAULTS, **made_so: object
) -> None:
    """Run the machine, the same way each time; with these faults alone, and what is `made_so` in the place of its own."""
    absent = {name: None for name in FAULTS - set(faults) if hasattr(machine, name)}
    own = type(machine.__name__, (machine,), made_so | absent)
    run_state_machine_as_test(own, settings=settings(
        max_examples=examples, stateful_step_count=steps, phases=(Phase.generate,), deadline=None, derandomize=True,
        database=None, print_blob=False, report_multiple_bugs=False,
    ))
