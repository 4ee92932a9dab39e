"""Making a reply, with everything that can come between."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from adapters.memory.clock import HandClock
from adapters.memory.leases import MemoryRunLeases
from adapters.memory.readers import MemoryAgentReader, MemoryRunReader, MemorySessionReader
from adapters.memory.run_log import MemoryRunLog
from adapters.memory.shards import MemoryShards
from adapters.models.scripted import Script, ScriptedModel
from application.ports.chat_model import ModelChunk, ModelRequest, ProviderSwitched
from application.ports.run_dispatcher import Assignment
from application.ports.run_log import AttemptStarted, End, RunEvent
from application.runs.conclusion import Conclusion
from application.runs.interruption import Interruption
from application.runs.make_reply import MakeReply, MakeReplyCommand
from application.runs.prompting import Prompting
from application.runs.reply import text_told
from domain.analytics.usage import PriceList
from domain.runs.run import MOST_LOSSES, Run, RunStatus
from domain.sessions.message import Message, text_of
from domain.sessions.session import MOST_WAITING, Session
from domain.shared.identifiers import NodeId
from tests.contracts.ports.shards.access import messages_of, read_run, read_session
from tests.support.builders import LATER, new_agent, new_session, new_user_id, said
from tests.support.losing import LosingStore

SCRIPT = Script(tokens=6)


class World:
    """One node over a memory store that may lose commits."""

    def __init__(self, script: Script = SCRIPT, model: ScriptedModel | None = None) -> None:
        clock = HandClock(LATER)
        self.store, self.log = LosingStore(clock), MemoryRunLog()
        self.shards, self.sessions = MemoryShards(self.store), MemorySessionReader(self.store)
        self.runs, agents = MemoryRunReader(self.store), MemoryAgentReader(self.store)
        self.model = model or ScriptedModel({"small": script})
        self.leases = MemoryRunLeases(self.store, NodeId("node_1"))
        self.make_reply = MakeReply(
            self.shards, self.model, self.log, Prompting(self.sessions, self.runs, agents, self.model),
            Conclusion(self.shards, self.runs, self.leases, clock, PriceList({})),
        )
        self.interruption = Interruption()
        self.agent = new_agent(model="small")

    async def begin(self, *texts: str) -> list[tuple[Session, Message, Run]]:
        """Store a session in which these were said; the first one's run streams, the others wait."""
        session = new_session(new_user_id())
        session.agent_id = self.agent.id
        accepted = [said(session, text) for text in texts or ("Hello!",)]
        async with self.shards.open(session.owner_id) as unit:
            unit.sessions.add(session)
            for message, run in accepted:
                run.node = self.leases.node if run.status is RunStatus.STREAMING else None
                unit.messages.add(message)
                unit.runs.add(run)
            await unit.commit()
        await self.store.change(lambda tables: tables.agents.update({self.agent.id: self.agent}))
        return [(session, message, run) for message, run in accepted]

    async def make(self, order: Assignment) -> Assignment | None:
        return await self.make_reply.execute(MakeReplyCommand(order, self.interruption))

    async def told(self, run: Run) -> Sequence[RunEvent]:
        feed = await self.log.feed(run.id, 0)
        events = await feed.next(0)
        feed.close()
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        return events

    async def reach(self, run: Run, seq: int) -> None:
        """Wait until the event of this number is told."""
        feed = await self.log.feed(run.id, seq - 1)
        assert await feed.next(10)
        feed.close()

    async def stored_text(self, session: Session) -> str:
        return text_of((await messages_of(self.sessions, session))[-1].content)


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("known", [False, True])
async def test_a_lost_commit_of_the_outcome_is_made_up_for_and_stored_once(*, stored: bool, known: bool) -> None:
    world = World()
    ((session, message, run),) = await world.begin()
    world.store.lose(stored=stored)
    await world.make(Assignment(run, session if known else None, message))
    events = await world.told(run)
    assert events[-1].body == End(RunStatus.COMPLETED)
    kept = await messages_of(world.sessions, session)
    assert [message.seq for message in kept] == [1, 2]
    assert text_told(events) == text_of(kept[1].content) == SCRIPT.text
    finished = await read_run(world.shards, run.owner_id, run.id)
    assert (finished.status, finished.last_seq) == (RunStatus.COMPLETED, events[-1].seq)
    assert (await read_session(world.shards, session.owner_id, session.id)).active_run_id is None


@pytest.mark.parametrize("stored", [False, True])
async def test_the_next_in_the_queue_gets_its_turn_also_when_the_commit_was_lost(*, stored: bool) -> None:
    world = World()
    (session, message, run), (_, _, waiting) = await world.begin("one", "two")
    world.store.lose(stored=stored)
    following = await world.make(Assignment(run, session, message))
    assert following is not None
    assert (following.run.id, following.run.status, following.run.node) == (waiting.id, RunStatus.STREAMING, world.leases.node)
    assert await world.make(following) is None
    assert [turn.text for turn in world.model.requests[-1].turns[1:]] == ["one", SCRIPT.text, "two"]
    assert len(await messages_of(world.sessions, session)) == 4


async def test_a_message_that_waited_behind_many_others_is_what_is_answered() -> None:
    world = World()
    (session, message, run), *_ = await world.begin("one", "two", *["later " * 1_000] * (MOST_WAITING - 1))
    following = await world.make(Assignment(run, session, message))
    assert following is not None
    await world.make(Assignment(following.run))
    assert world.model.requests[-1].turns[-1].text == "two"


async def taken_over(world: World, run: Run, *, losses: int = 1, text: int = 3) -> Run:
    """Let a first attempt tell some words and die; return the run as its next node claims it."""
    world.model.scripts["small"] = Script(tokens=6, hang_at=text)
    dying = asyncio.create_task(world.make(Assignment(run)))
    await world.reach(run, text + 1)
    dying.cancel()
    await asyncio.wait({dying})
    stored = await read_run(world.shards, run.owner_id, run.id)
    for _ in range(losses):
        stored.take_over(NodeId("node_1"), lost=True)
    async with world.shards.open(run.owner_id) as unit:
        unit.runs.save(stored)
        await unit.commit()
    return stored


@pytest.mark.parametrize("continues", [False, True])
async def test_a_run_that_is_taken_over_is_continued_where_the_model_can_and_replaced_elsewhere(*, continues: bool) -> None:
    world = World()
    ((session, _, run),) = await world.begin()
    claimed = await taken_over(world, run)
    world.model.scripts["small"] = Script(tokens=6, continues=continues)
    await world.make(Assignment(claimed))
    events = await world.told(run)
    (attempt,) = [event.body for event in events if isinstance(event.body, AttemptStarted)]
    assert attempt == AttemptStarted(2, "node_lost", keep=continues)
    assert world.model.requests[-1].beginning == ("Well, let me " if continues else "")
    assert text_told(events) == await world.stored_text(session) == SCRIPT.text
    assert (await read_run(world.shards, run.owner_id, run.id)).attempt == 2


async def test_a_run_that_killed_too_many_nodes_fails_with_its_reason_and_keeps_its_text() -> None:
    world = World()
    ((session, _, run),) = await world.begin()
    claimed = await taken_over(world, run, losses=MOST_LOSSES)
    asked = len(world.model.requests)
    await world.make(Assignment(claimed))
    assert len(world.model.requests) == asked
    failed = await read_run(world.shards, run.owner_id, run.id)
    assert failed.status is RunStatus.FAILED
    assert failed.error is not None
    assert failed.error.code == "node_lost"
    assert text_told(await world.told(run)) == await world.stored_text(session) == "Well, let me "


async def test_a_run_that_was_to_be_cancelled_when_its_node_died_is_cancelled_by_the_next() -> None:
    world = World()
    ((session, _, run),) = await world.begin()
    claimed = await taken_over(world, run)
    claimed.request_cancel()
    async with world.shards.open(run.owner_id) as unit:
        unit.runs.save(claimed)
        await unit.commit()
    await world.make(Assignment(claimed))
    assert (await read_run(world.shards, run.owner_id, run.id)).status is RunStatus.CANCELLED
    events = await world.told(run)
    assert events[-1].body == End(RunStatus.CANCELLED)
    assert text_told(events) == await world.stored_text(session) == "Well, let me "


async def test_what_an_overtaken_attempt_still_has_is_neither_stored_nor_told() -> None:
    world = World(Script(tokens=6, hang_at=3))
    ((session, message, run),) = await world.begin()
    frozen = asyncio.create_task(world.make(Assignment(run, session, message)))
    await world.reach(run, 4)
    claimed = await read_run(world.shards, run.owner_id, run.id)
    claimed.take_over(NodeId("node_1"), lost=True)
    async with world.shards.open(run.owner_id) as unit:
        unit.runs.save(claimed)
        await unit.commit()
    world.model.scripts["small"] = SCRIPT
    await world.make(Assignment(claimed))
    before = list(await world.told(run))
    world.model.release()
    assert await frozen is None
    assert list(await world.told(run)) == before
    assert len(await messages_of(world.sessions, session)) == 2

class _SwitchesAtOnce(ScriptedModel):
    """Its first provider fails before it has said anything that counts."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelChunk, None]:
        yield ProviderSwitched(keep=False)
        async for chunk in super().stream(request):
            yield chunk


async def test_a_provider_that_fails_before_the_run_is_stored_costs_an_attempt_and_not_the_reply() -> None:
    world = World(model=_SwitchesAtOnce({"small": SCRIPT}))
    ((session, message, run),) = await world.begin()
    kept = await world.store.change(lambda tables: tables.runs.pop(run.id))
    stored = asyncio.get_running_loop().create_future()
    making = asyncio.create_task(world.make(Assignment(run, session, message, stored=stored, asks_early=True)))
    await asyncio.sleep(0.01)
    assert not making.done()
    await world.store.change(lambda tables: tables.runs.update({run.id: kept}))
    stored.set_result(None)
    await making
    events = await world.told(run)
    assert [event.body.attempt for event in events if isinstance(event.body, AttemptStarted)] == [2]
    assert events[-1].body == End(RunStatus.COMPLETED)
    assert await world.stored_text(session) == SCRIPT.text
