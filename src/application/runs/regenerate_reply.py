"""Have the last reply made anew."""

import asyncio
from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Once, carry_out, recall, remember
from application.limits.allowances import Allowances
from application.limits.stream_slots import StreamHold, given_back
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.readers import AgentReader, RunReader, SessionReader
from application.ports.run_bell import RunBell
from application.ports.run_dispatcher import Assignment, RunDispatcher
from application.ports.run_leases import RunLeases
from application.ports.shards import Shards
from application.runs.beginning import agent_of, store_and_begin
from application.runs.send_message import Accepted, Begun
from application.runs.views import RunView
from domain.runs.run import Run
from domain.sessions.message import Message, Role
from domain.sessions.session import Session, SessionNotFound
from domain.shared.errors import Conflict, Invalid
from domain.shared.identifiers import RunId, SessionId, UserId, bucket_of


class NothingSaid(Conflict):
    """There is nothing yet that could be answered again."""

    code = "nothing_said"


@dataclass(frozen=True, slots=True)
class RegenerateReplyCommand:
    """In which session; `target` is the last reply or what it answers, as server or client call it (None: whatever is last).

    `hold` is the stream that the caller was given for the reply; it is given back unless the reply begins.
    """

    actor: Actor
    session_id: SessionId
    target: str | None = None
    once: Once | None = None
    hold: StreamHold | None = None


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What was said last, and the reply to it that is shown, if there is one."""

    said: Message
    reply: Message | None

    def called(self, target: str) -> bool:
        """Whether `target` is one of the two."""
        names = {self.said.id, self.said.client_message_id, None if self.reply is None else self.reply.id}
        return target in names


@dataclass(frozen=True, slots=True)
class RegenerateReply:
    """Has the agent answer again what it answered last; the reply that is shown so far is kept and not shown any more.

    Both happen in one commit. What got no reply is answered as well. One reply at a time: RunActive.
    """

    shards: Shards
    sessions: SessionReader
    runs: RunReader
    agents: AgentReader
    dispatcher: RunDispatcher
    leases: RunLeases
    bell: RunBell
    allowances: Allowances
    clock: Clock
    entropy: Entropy

    async def execute(self, command: RegenerateReplyCommand) -> Accepted:
        """Return what is answered and the new run; SessionNotFound, SessionArchived, RunActive, AgentRetired, NothingSaid.

        Invalid when the target is anything but the last.
        """
        with given_back(command.hold):
            return await carry_out(command.once, lambda: self._regenerate(command))

    async def _regenerate(self, command: RegenerateReplyCommand) -> Accepted:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            begun = await recall(unit.keys, once, owner, Begun)
            if begun is not None:
                return Accepted(await self._answered_in(owner, begun.run.id), begun.run)
            session = await unit.sessions.get(command.session_id)
            last = await self._last(session, command.target)
            agent = await agent_of(session, self.agents)
            await self.allowances.require_model(command.actor, agent.model)
            run_id, now = RunId(self.entropy.identifier("run", bucket_of(owner))), self.clock.now()
            session.answer_again(run_id, now=now)
            run = Run(run_id, session.id, owner, agent.id, agent.model, last.said.id, last.said.seq, now)
            run.start(self.leases.node)
            if last.reply is not None:
                unit.messages.supersede(last.reply)
            unit.sessions.save(session)
            unit.runs.add(run)
            unit.record(session.changed())
            remember(unit.keys, once, owner, Begun(RunView.of(run)))
            hold = None if command.hold is None else command.hold.pass_on()
            order = Assignment(run, session, last.said, agent, asyncio.Future(), hold=hold)
            await store_and_begin(unit, order, self.dispatcher)
        self.bell.ring(owner, run.id)
        return Accepted(last.said, RunView.of(run))

    async def _last(self, session: Session, target: str | None) -> _Exchange:
        """Return what is there to be answered again, read after the session: whoever changes it meanwhile makes us look anew."""
        shown = await self.sessions.recent_messages(session.owner_id, session.id, limit=1, most_characters=0)
        if not shown:
            raise NothingSaid("Nothing has been said in this session yet.")
        if shown[0].role is Role.USER:
            last = _Exchange(shown[0], None)
        else:
            last = _Exchange(await self._answered_in(session.owner_id, shown[0].run_id), shown[0])
        if target is not None and not last.called(target):
            raise Invalid("Only the last reply can be made anew.", param="message_id")
        return last

    async def _answered_in(self, owner_id: UserId, run_id: RunId) -> Message:
        exchange = await self.runs.read_exchange(owner_id, run_id)
        said = next((message for message in exchange if message.role is Role.USER), None)
        if said is None:
            raise SessionNotFound(f"What the run {run_id} answers is gone.")
        return said
