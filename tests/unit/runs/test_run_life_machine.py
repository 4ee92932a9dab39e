"""Runs, leases and the log, with nodes that die, freeze and thaw at any await: the history must be as after `make chaos`."""

import asyncio
import itertools
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from adapters.memory.clock import HandClock
from adapters.models.scripted import Script, ScriptedModel
from application.actor import Actor
from application.ports.run_log import RunEvent
from application.runs.cancel_run import CancelRunCommand
from application.runs.send_message import Accepted, SendMessageCommand
from application.runs.views import RunView
from domain.runs.run import RunFinished
from domain.sessions.message import TextPart, text_of
from domain.sessions.session import OnActive, Session
from domain.shared.errors import DomainError
from domain.shared.identifiers import RunId
from domain.users.plan import Plan
from entrypoints.http.events import event_fields
from tests.chaos.checker import violations
from tests.chaos.history import History, Said, Seen, StoredMessage, StoredRun, Viewing
from tests.support.builders import LATER, new_agent, new_session, new_user_id
from tests.support.losing import LosingStore
from tests.unit.runs.node_life import HandLoop, LifeNode, Shared

SCRIPTS = {"goes on": Script(tokens=12, continues=True), "begins anew": Script(tokens=6)}
ROUNDS = 400


@dataclass
class Saying:
    """What somebody says, again and again until it is acknowledged."""

    session: Session
    said: Said
    on_active: OnActive
    viewing: Viewing | None = None


numbers = st.integers(0, 2)


class RunLifeMachine(RuleBasedStateMachine):
    """Three nodes, of which each may be lost at any time and comes back as another; one conversation with each of two models."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock(LATER)
        self.store = LosingStore(self.clock)
        self.runner = asyncio.Runner(loop_factory=lambda: HandLoop(self.clock))
        self.shared = Shared(self.store, self.clock, ScriptedModel(SCRIPTS))
        self.owner = new_user_id()
        self.actor = Actor(self.owner, Plan.ENTERPRISE)
        self.history = History()
        self.sayings: list[Saying] = []
        self.sessions: list[Session] = []
        self.nodes: list[LifeNode] = []
        self.graves: list[LifeNode] = []
        self._numbers = itertools.count(1)

    @initialize()
    def begin(self) -> None:
        self.runner.run(self._begin())

    @rule(at=numbers, model=st.integers(0, 1), on_active=st.sampled_from(OnActive))
    def say(self, at: int, model: int, on_active: OnActive) -> None:
        number, session = len(self.sayings), self.sessions[model]
        script = list(SCRIPTS.values())[model].text
        said = Said(session.id, f"message {number}", f"This is sentence {number}.", script)
        self.history.said.append(said)
        self.sayings.append(Saying(session, said, on_active))
        self.runner.run(self._say(self.sayings[-1], self.nodes[at]))

    @rule(at=numbers, which=st.integers(0, 20))
    def say_again(self, at: int, which: int) -> None:
        """Who gets no answer says it again, perhaps while the first time is still under way."""
        waiting = [saying for saying in self.sayings if not saying.said.acknowledged]
        if waiting:
            self.runner.run(self._say(waiting[which % len(waiting)], self.nodes[at]))

    @rule(steps=st.integers(1, 25), at=numbers)
    def go_on(self, steps: int, at: int) -> None:
        """Everybody goes on, and looks how far the replies are, at one node."""
        self.runner.run(self._step(steps))
        self.runner.run(self._look(self.nodes[at]))

    @rule(at=numbers, dies=st.booleans(), steps=st.integers(1, 60))
    def lose_a_node_for_as_long_as_a_lease(self, at: int, dies: bool, steps: int) -> None:
        """Others take its runs over, and get so far with them before a node that was only frozen goes on, too."""
        self.nodes[at].gate.shut()
        self.clock.advance(4.5)
        for node in self.nodes:
            self.runner.run(self._tend(node, strays_too=False))
        self.runner.run(self._step(steps))
        self.kill(at) if dies else self.nodes[at].gate.open()

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 4.5, 11.0]), steps=st.integers(1, 10))
    def let_time_pass(self, seconds: float, steps: int) -> None:
        self.clock.advance(seconds)
        self.runner.run(self._step(steps))

    @rule(at=numbers, strays_too=st.booleans())
    def tend(self, at: int, strays_too: bool) -> None:
        self.runner.run(self._tend(self.nodes[at], strays_too=strays_too))

    @rule(at=numbers)
    def kill(self, at: int) -> None:
        self.nodes[at].gate.wall_up()
        self.runner.run(self._replace(at))

    @rule(at=numbers)
    def leave(self, at: int) -> None:
        if self.nodes[at].runs:
            self.runner.run(self._leave(at))

    @rule(at=numbers)
    def freeze(self, at: int) -> None:
        self.nodes[at].gate.shut()

    @rule(at=numbers)
    def thaw(self, at: int) -> None:
        self.nodes[at].gate.open()

    @rule(times=st.integers(1, 2), stored=st.booleans())
    def lose_commits(self, times: int, stored: bool) -> None:
        self.store.lose(times, stored=stored)

    @rule(at=numbers, which=st.integers(0, 20))
    def cancel(self, at: int, which: int) -> None:
        accepted = [saying.said for saying in self.sayings if saying.said.acknowledged]
        if accepted:
            self.runner.run(self._cancel(accepted[which % len(accepted)], self.nodes[at]))

    def teardown(self) -> None:
        try:
            self.runner.run(self._heal())
            self._note_what_is_stored()
            assert violations(self.history) == []
        finally:
            for node in (*self.nodes, *self.graves):
                node.gate.raze()
            self.runner.close()

    async def _begin(self) -> None:
        agents = [new_agent(model=model) for model in SCRIPTS]
        await self.store.change(lambda tables: tables.agents.update({agent.id: agent for agent in agents}))
        for agent in agents:
            session = new_session(self.owner)
            session.agent_id = agent.id
            self.sessions.append(session)
        await self.store.change(lambda tables: tables.sessions.update({one.id: one for one in self.sessions}))
        self.nodes = [await self._new_node() for _ in range(3)]

    async def _new_node(self) -> LifeNode:
        """Return a node that has its lease, as it must before it serves."""
        node = LifeNode(next(self._numbers), self.shared)
        while node.leases.tenure is None:
            node.tend()
            await self._step(5)
        return node

    async def _replace(self, at: int) -> None:
        self.graves.append(self.nodes[at])
        self.nodes[at] = await self._new_node()

    async def _leave(self, at: int) -> None:
        self.nodes[at].leave()
        await self._replace(at)

    async def _step(self, steps: int) -> None:
        """Let everybody go on, some waits long."""
        for _ in range(steps):
            await asyncio.sleep(0)

    async def _tend(self, node: LifeNode, *, strays_too: bool) -> None:
        if node.runs:
            node.tend(strays_too=strays_too)
        await self._step(1)

    async def _say(self, saying: Saying, node: LifeNode) -> None:
        if node.runs:
            said = saying.said
            command = SendMessageCommand(
                self.actor, saying.session.id, (TextPart(said.text),), said.client_message_id, saying.on_active
            )
            task = asyncio.create_task(node.send_message.execute(command))
            task.add_done_callback(lambda done: self._answered(saying, done))
        await self._step(1)

    def _answered(self, saying: Saying, answer: "asyncio.Task[Accepted]") -> None:
        if answer.cancelled():
            return
        failure, said = answer.exception(), saying.said
        if isinstance(failure, DomainError):
            return
        if failure is not None:
            self.history.surprise(f"{said} was answered with {failure!r}")
            return
        accepted = answer.result()
        if said.run_id not in (None, accepted.run.id):
            self.history.surprise(f"{said} was acknowledged as {accepted}, too")
        if saying.viewing is None:
            said.message_id, said.run_id = accepted.message.id, accepted.run.id
            saying.viewing = Viewing("viewer", said.run_id)
            self.history.viewings.append(saying.viewing)

    async def _cancel(self, said: Said, node: LifeNode) -> None:
        if node.runs and said.run_id is not None:
            command = CancelRunCommand(self.actor, RunId(said.run_id))
            asyncio.create_task(node.cancel_run.execute(command)).add_done_callback(self._cancelled)
        await self._step(1)

    def _cancelled(self, answer: "asyncio.Task[RunView]") -> None:
        if not answer.cancelled() and not isinstance(answer.exception(), DomainError | None):
            self.history.surprise(f"a cancellation was answered with {answer.exception()!r}")

    async def _look(self, node: LifeNode) -> None:
        for viewing in self.history.viewings:
            if node.runs and not viewing.ended:
                feed = await node.follow_run.execute(self.actor, RunId(viewing.run_id), viewing.cursor)
                while events := await feed.next(0):
                    viewing.events += [seen(event) for event in events]
                feed.close()

    async def _heal(self) -> None:
        """Let everything be whole again, and the time go by until nothing is left to do."""
        self.store.lose(0)
        for node in self.nodes:
            node.gate.open()
        for number in range(ROUNDS):
            if await self._everything_is_done():
                break
            self.clock.advance(0.5)
            for node in self.nodes:
                node.tend(strays_too=True)
            await self._step(40)
            for saying in self.sayings if number % 30 == 0 else ():
                if not saying.said.acknowledged:
                    await self._say(saying, self.nodes[number % 3])
            await self._look(self.nodes[number % 3])
        self.history.viewings += [Viewing("latecomer", saying.said.run_id) for saying in self.sayings if saying.said.run_id]
        await self._look(self.nodes[0])

    async def _everything_is_done(self) -> bool:
        tables = await self.store.read()
        return (
            all(run.status.terminal for run in tables.runs.values())
            and all(saying.said.acknowledged for saying in self.sayings)
            and all(viewing.ended for viewing in self.history.viewings)
        )

    def _note_what_is_stored(self) -> None:
        tables = self.runner.run(self.store.read())
        finished = [row.event.run_id for row in tables.outbox.values() if isinstance(row.event, RunFinished)]
        for run in tables.runs.values():
            usage = None if run.usage is None else (run.usage.input_tokens, run.usage.output_tokens)
            error = None if run.error is None else run.error.code
            self.history.runs.append(StoredRun(
                run.id, run.session_id, run.status, run.attempt, run.last_seq, usage, finished.count(run.id), error
            ))
        for message in itertools.chain(*tables.messages.values()):
            self.history.messages.append(StoredMessage(
                message.id, message.session_id, message.seq, message.role, text_of(message.content), message.run_id,
                message.client_message_id,
            ))


def seen(event: RunEvent) -> Seen:
    """Return the event as it looks on the wire."""
    kind, fields = event_fields(event.body)
    return Seen.of({"seq": event.seq, "type": kind, **fields})


def test_whatever_happens_to_nodes_no_history_is_wrong() -> None:
    run_state_machine_as_test(RunLifeMachine, settings=settings(max_examples=60, stateful_step_count=40))
