"""Make an agent."""

from dataclasses import dataclass

from application.actor import Actor
from application.agents.model_check import require_model
from application.agents.views import AgentView
from application.ports.catalog import Catalog
from application.ports.chat_model import ChatModel
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from domain.agents.agent import Agent, AgentProfile
from domain.shared.identifiers import AgentId, bucket_of


@dataclass(frozen=True, slots=True)
class CreateAgentCommand:
    """What the owner writes."""

    actor: Actor
    profile: AgentProfile


@dataclass(frozen=True, slots=True)
class CreateAgent:
    """Makes an agent of the caller's own; SlugTaken, UnknownModel."""

    catalog: Catalog
    models: ChatModel
    clock: Clock
    entropy: Entropy

    async def execute(self, command: CreateAgentCommand) -> AgentView:
        """Return the new agent."""
        await require_model(self.models, command.profile.model)
        owner, now = command.actor.user_id, self.clock.now()
        agent = Agent(AgentId(self.entropy.identifier("agent", bucket_of(owner))), owner, command.profile, now, now)
        async with self.catalog.open() as unit:
            unit.agents.add(agent)
            unit.record(agent.changed())
            await unit.commit()
        return AgentView.of(agent)
