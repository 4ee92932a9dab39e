"""Take an agent out of service."""

from dataclasses import dataclass

from application.actor import Actor
from application.agents.ownership import own_agent
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.retrying import again_when_stale
from domain.shared.identifiers import AgentId


@dataclass(frozen=True, slots=True)
class RetireAgentCommand:
    """Which agent."""

    actor: Actor
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class RetireAgent:
    """Takes one of the caller's agents out of service; its sessions stay readable."""

    catalog: Catalog
    clock: Clock

    async def execute(self, command: RetireAgentCommand) -> None:
        """Retire the agent; AgentNotFound when the caller has no such."""
        await again_when_stale(lambda: self._retire(command))

    async def _retire(self, command: RetireAgentCommand) -> None:
        async with self.catalog.open() as unit:
            agent = await own_agent(unit, command.agent_id, command.actor)
            agent.retire(now=self.clock.now())
            unit.agents.save(agent)
            unit.record(agent.changed())
            await unit.commit()
