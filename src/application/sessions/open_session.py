"""Begin a conversation."""

from collections.abc import Mapping
from dataclasses import dataclass

from application.access import visible_agent
from application.actor import Actor
from application.idempotency import Once, carry_out, recall, remember
from application.limits.allowances import Allowances
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.readers import AgentReader
from application.ports.shards import Shards
from application.sessions.views import SessionView
from application.taking_in import Turn, take_in
from domain.sessions.session import Session
from domain.shared.identifiers import SessionId, bucket_of


@dataclass(frozen=True, slots=True)
class OpenSessionCommand:
    """With whom; `agent` is an identifier or a slug. `turns` are what was said elsewhere before, oldest first."""

    actor: Actor
    agent: str
    title: str | None
    metadata: Mapping[str, str]
    once: Once | None = None
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Opens a session with an agent that the caller may see; AgentNotFound."""

    agents: AgentReader
    shards: Shards
    allowances: Allowances
    clock: Clock
    entropy: Entropy

    async def execute(self, command: OpenSessionCommand) -> SessionView:
        """Return the new session."""
        return await carry_out(command.once, lambda: self._open(command))

    async def _open(self, command: OpenSessionCommand) -> SessionView:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            opened = await recall(unit.keys, once, owner, SessionView)
            if opened is not None:
                return opened
            session = await self._new(command)
            for turn in command.turns:
                self.allowances.require_length(command.actor, turn.content)
            take_in(unit, session, command.turns, self.entropy, now=self.clock.now())
            unit.sessions.add(session)
            unit.record(session.changed())
            remember(unit.keys, once, owner, SessionView.of(session))
            await unit.commit()
        return SessionView.of(session)

    async def _new(self, command: OpenSessionCommand) -> Session:
        owner = command.actor.user_id
        agent = await visible_agent(self.agents, command.agent, owner)
        return Session.open(
            SessionId(self.entropy.identifier("session", bucket_of(owner))), owner, agent.id,
            title=command.title, metadata=command.metadata, now=self.clock.now(),
        )
