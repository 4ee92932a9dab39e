"""Have a reply made as clients of OpenAI's responses ask for it: in a new session, in one of theirs, or after a reply."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from application.actor import Actor
from application.idempotency import Once, carry_out, recall, remember
from application.limits.allowances import Allowances
from application.limits.stream_slots import StreamHold, given_back
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.responses import ResponseReader
from application.ports.run_bell import RunBell
from application.ports.run_dispatcher import Assignment, RunDispatcher
from application.ports.run_leases import RunLeases
from application.ports.shards import Shards, ShardUnitOfWork
from application.runs.beginning import store_and_begin
from application.runs.casting import Cast, Casting
from application.runs.joining import Joining
from application.runs.send_message import Begun
from application.runs.views import ResponseView, RunView
from application.taking_in import Turn, take_in
from domain.agents.agent import Sampling
from domain.runs.run import Asked, Run, RunNotFound
from domain.sessions.message import TEXT_LONGEST, Content, Message, check_content
from domain.sessions.session import Session
from domain.shared.identifiers import MessageId, RunId, SessionId, UserId, bucket_of
from domain.shared.rules import bounded_metadata, bounded_text

AS_IT_IS: Final = Sampling()


@dataclass(frozen=True, slots=True)
class CreateResponseCommand:
    """What is said, behind the turns that go `before` it, and how the reply is wanted.

    `model` is an agent or a provider's model (None: the session's agent). At most one of `conversation` and `previous` says
    where; without them a session is opened. `instructions` hold for this reply, what the `system` says also for those that
    follow it. `hold` is the stream that the caller was given for the reply; it is given back unless the reply begins.
    """

    actor: Actor
    content: Content
    model: str | None
    before: tuple[Turn, ...] = ()
    conversation: SessionId | None = None
    previous: RunId | None = None
    instructions: str | None = None
    system: str = ""
    sampling: Sampling = AS_IT_IS
    background: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    once: Once | None = None
    hold: StreamHold | None = None


@dataclass(frozen=True, slots=True)
class CreateResponse:
    """Stores what is said with its run, and the session if it is new, in one commit, then hands the run over."""

    joining: Joining
    casting: Casting
    responses: ResponseReader
    shards: Shards
    dispatcher: RunDispatcher
    leases: RunLeases
    bell: RunBell
    allowances: Allowances
    clock: Clock
    entropy: Entropy

    async def execute(self, command: CreateResponseCommand) -> ResponseView:
        """Return the response as it begins (a repetition: as it is now).

        ModelNotFound, SessionNotFound, PreviousNotFound, NotTheLast, SessionArchived, RunActive, AgentRetired, ModelNotAllowed,
        Invalid.
        """
        with given_back(command.hold):
            return await carry_out(command.once, lambda: self._create(command))

    async def _create(self, command: CreateResponseCommand) -> ResponseView:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            begun = await recall(unit.keys, once, owner, Begun)
            if begun is not None:
                return await self._again(owner, begun)
            joined = await self.joining.find(unit, owner, command.conversation, command.previous)
            cast = await self.casting.find(command.model, joined.session, command.actor)
            await self._require_allowed(command, cast)
            asked = _asked(command, cast, joined.standing)
            session = joined.session or self._opened(owner, cast)
            take_in(unit, session, command.before, self.entropy, now=self.clock.now())
            message, run = self._begun(session, cast, command, asked)
            self._stage(unit, session, message, run, new=joined.session is None)
            remember(unit.keys, once, owner, Begun(RunView.of(run)))
            # The model is asked before the commit only where all that it is shown is known without it.
            early = once is None and not command.before
            hold = None if command.hold is None else command.hold.pass_on()
            order = Assignment(run, session, message, cast.agent, asyncio.Future(), asks_early=early, hold=hold)
            await store_and_begin(unit, order, self.dispatcher)
        self.bell.ring(owner, run.id)
        return ResponseView.of(run, message)

    async def _again(self, owner_id: UserId, begun: Begun) -> ResponseView:
        found = await self.responses.find(owner_id, begun.run.id)
        if found is None:
            raise RunNotFound(f"There is no response {begun.run.id}.")
        return found

    async def _require_allowed(self, command: CreateResponseCommand, cast: Cast) -> None:
        for content in (check_content(command.content), *(turn.content for turn in command.before)):
            self.allowances.require_length(command.actor, content)
        await self.allowances.require_model(command.actor, cast.model)

    def _opened(self, owner_id: UserId, cast: Cast) -> Session:
        session_id = SessionId(self.entropy.identifier("session", bucket_of(owner_id)))
        return Session.open(session_id, owner_id, cast.agent.id, title=None, metadata={}, now=self.clock.now())

    def _begun(self, session: Session, cast: Cast, command: CreateResponseCommand, asked: Asked) -> tuple[Message, Run]:
        now, bucket = self.clock.now(), bucket_of(session.owner_id)
        run_id = RunId(self.entropy.identifier("run", bucket))
        message = session.receive(MessageId(self.entropy.identifier("message", bucket)), command.content, run_id, now=now)
        run = Run(run_id, session.id, session.owner_id, cast.agent.id, cast.model, message.id, message.seq, now)
        run.options = cast.options(asked, command.sampling)
        run.start(self.leases.node)
        return message, run

    @staticmethod
    def _stage(unit: ShardUnitOfWork, session: Session, message: Message, run: Run, *, new: bool) -> None:
        (unit.sessions.add if new else unit.sessions.save)(session)
        unit.messages.add(message)
        unit.runs.add(run)
        unit.record(session.changed())


def _asked(command: CreateResponseCommand, cast: Cast, standing: str) -> Asked:
    """Return how the request is told again; what the system said before stands, and is added to.

    Each run keeps all of it, so it may not grow for ever.
    """
    said = "\n\n".join(text for text in (standing, command.system) if text)
    return Asked(
        command.model or cast.agent.slug, command.instructions, command.previous, command.background,
        bounded_metadata(command.metadata), bounded_text(said, param="input", longest=TEXT_LONGEST, shortest=0),
    )
