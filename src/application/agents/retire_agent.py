"""Take an agent out of service."""

from dataclasses import dataclass

from application.actor import Actor
from application.agents.ownership import own_agent
from application.idempotency import Done, Once, carry_out, recall, remember
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from domain.shared.identifiers import AgentId


@dataclass(frozen=True, slots=True)
class RetireAgentCommand:
    """Which agent."""

    actor: Actor
    agent_id: AgentId
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class RetireAgent:
    """Takes one of the caller's agents out of service; its sessions stay readable."""

    catalog: Catalog
    clock: Clock

    async def execute(self, command: RetireAgentCommand) -> None:
        """Retire the agent; AgentNotFound when the caller has no such."""
        await carry_out(command.once, lambda: self._retire(command))

    async def _retire(self, command: RetireAgentCommand) -> None:
        owner, once = command.actor.user_id, command.once
        async with self.catalog.open() as unit:
            if await recall(unit.keys, once, owner, Done) is not None:
                return
            agent = await own_agent(unit, command.agent_id, command.actor)
            agent.retire(now=self.clock.now())
            unit.agents.save(agent)
            unit.record(agent.changed())
            remember(unit.keys, once, owner, Done())
            await unit.commit()
