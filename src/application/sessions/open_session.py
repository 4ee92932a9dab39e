"""Begin a conversation."""

from collections.abc import Mapping
from dataclasses import dataclass

from application.access import visible_agent
from application.actor import Actor
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.readers import AgentReader
from application.ports.shards import Shards
from application.sessions.views import SessionView
from domain.sessions.session import Session
from domain.shared.identifiers import SessionId, bucket_of


@dataclass(frozen=True, slots=True)
class OpenSessionCommand:
    """With whom; `agent` is an identifier or a slug."""

    actor: Actor
    agent: str
    title: str | None
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Opens a session with an agent that the caller may see; AgentNotFound."""

    agents: AgentReader
    shards: Shards
    clock: Clock
    entropy: Entropy

    async def execute(self, command: OpenSessionCommand) -> SessionView:
        """Return the new session."""
        owner = command.actor.user_id
        agent = await visible_agent(self.agents, command.agent, owner)
        session = Session.open(
            SessionId(self.entropy.identifier("session", bucket_of(owner))), owner, agent.id,
            title=command.title, metadata=command.metadata, now=self.clock.now(),
        )
        async with self.shards.open(owner) as unit:
            unit.sessions.add(session)
            unit.record(session.changed())
            await unit.commit()
        return SessionView.of(session)
