"""Say something; the agent begins its reply."""

import asyncio
from dataclasses import dataclass

from application.actor import Actor
from application.agents.views import AgentView
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
from application.runs.views import RunView
from application.stopping import RunStopper
from domain.runs.run import Run
from domain.sessions.message import Content, Message, Role, check_content
from domain.sessions.session import OnActive, Session, SessionNotFound
from domain.shared.identifiers import MessageId, RunId, SessionId, UserId, bucket_of
from domain.shared.rules import bounded_text


@dataclass(frozen=True, slots=True)
class SendMessageCommand:
    """What is said; `client_message_id` makes a repetition harmless, `on_active` tells what to do about a reply under way.

    `hold` is the stream that the caller was given for the reply; it is given back unless the reply begins at once.
    """

    actor: Actor
    session_id: SessionId
    content: Content
    client_message_id: str | None = None
    on_active: OnActive = OnActive.REJECT
    once: Once | None = None
    hold: StreamHold | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The message is stored and its run has begun (or, for a repetition, was begun before: it is told as it was then)."""

    message: Message
    run: RunView


@dataclass(frozen=True, slots=True)
class Begun:
    """What is remembered: the run as it was. The message is not: what users say is stored in one place."""

    run: RunView


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Stores the message with its run in one commit, then hands the run over. One reply at a time: RunActive."""

    shards: Shards
    sessions: SessionReader
    runs: RunReader
    agents: AgentReader
    dispatcher: RunDispatcher
    stopper: RunStopper
    leases: RunLeases
    bell: RunBell
    allowances: Allowances
    clock: Clock
    entropy: Entropy

    async def execute(self, command: SendMessageCommand) -> Accepted:
        """Return what was accepted; SessionNotFound, SessionArchived, RunActive, AgentRetired, ModelNotAllowed."""
        if command.client_message_id is not None:
            bounded_text(command.client_message_id, param="client_message_id", longest=255)
        with given_back(command.hold):
            return await carry_out(command.once, lambda: self._accept(command))

    async def _accept(self, command: SendMessageCommand) -> Accepted:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            begun = await recall(unit.keys, once, owner, Begun)
            if begun is not None:
                return await self._again(owner, begun)
            session = await unit.sessions.get(command.session_id)
            check_content(command.content)
            self.allowances.require_length(command.actor, command.content)
            known = await self._known(command)
            if known is not None:
                remember(unit.keys, once, owner, Begun(known.run))
                await unit.commit()
                return known
            if command.on_active is OnActive.INTERRUPT:
                session = await self.stopper.silenced(unit, session)
            agent = await agent_of(session, self.agents)
            await self.allowances.require_model(command.actor, agent.model)
            message, run = self._begin(session, agent, command)
            unit.sessions.save(session)
            unit.messages.add(message)
            unit.runs.add(run)
            unit.record(session.changed())
            remember(unit.keys, once, owner, Begun(RunView.of(run)))
            # What may be one of several duplicates would ask the model as often, and all but once for nothing.
            alone = once is None and command.client_message_id is None
            begins = command.hold is not None and session.active_run_id == run.id
            hold = command.hold.pass_on() if command.hold is not None and begins else None
            order = Assignment(run, session, message, agent, asyncio.Future(), asks_early=alone, hold=hold)
            await store_and_begin(unit, order, self.dispatcher)
        self.bell.ring(owner, run.id)
        return Accepted(message, RunView.of(run))

    async def _again(self, owner_id: UserId, begun: Begun) -> Accepted:
        exchange = await self.runs.read_exchange(owner_id, begun.run.id)
        message = next((message for message in exchange if message.role is Role.USER), None)
        if message is None:
            raise SessionNotFound(f"There is no session {begun.run.session_id}.")
        return Accepted(message, begun.run)

    async def _known(self, command: SendMessageCommand) -> Accepted | None:
        if command.client_message_id is None:
            return None
        known = await self.sessions.find_message_run(command.actor.user_id, command.session_id, command.client_message_id)
        return None if known is None else Accepted(*known)

    def _begin(self, session: Session, agent: AgentView, command: SendMessageCommand) -> tuple[Message, Run]:
        now, bucket = self.clock.now(), bucket_of(session.owner_id)
        run_id = RunId(self.entropy.identifier("run", bucket))
        message = session.receive(
            MessageId(self.entropy.identifier("message", bucket)), command.content, run_id,
            now=now, client_message_id=command.client_message_id, may_wait=command.on_active is OnActive.ENQUEUE,
        )
        run = Run(run_id, session.id, session.owner_id, agent.id, agent.model, message.id, message.seq, now)
        if session.active_run_id == run_id:
            run.start(self.leases.node)
        return message, run
