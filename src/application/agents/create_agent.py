"""Make an agent."""

from dataclasses import dataclass

from application.actor import Actor
from application.agents.model_check import require_model
from application.agents.views import AgentView
from application.idempotency import Once, carry_out, recall, remember
from application.limits.allowances import Allowances
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
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class CreateAgent:
    """Makes an agent of the caller's own; SlugTaken, UnknownModel, ModelNotAllowed."""

    catalog: Catalog
    models: ChatModel
    allowances: Allowances
    clock: Clock
    entropy: Entropy

    async def execute(self, command: CreateAgentCommand) -> AgentView:
        """Return the new agent."""
        return await carry_out(command.once, lambda: self._create(command))

    async def _create(self, command: CreateAgentCommand) -> AgentView:
        owner, once, now = command.actor.user_id, command.once, self.clock.now()
        async with self.catalog.open() as unit:
            created = await recall(unit.keys, once, owner, AgentView)
            if created is not None:
                return created
            await require_model(self.models, command.profile.model)
            await self.allowances.require_model(command.actor, command.profile.model)
            agent = Agent(AgentId(self.entropy.identifier("agent", bucket_of(owner))), owner, command.profile, now, now)
            unit.agents.add(agent)
            unit.record(agent.changed())
            remember(unit.keys, once, owner, AgentView.of(agent))
            await unit.commit()
        return AgentView.of(agent)
