"""Change an agent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from application.actor import Actor
from application.agents.model_check import require_model
from application.agents.ownership import own_agent
from application.agents.views import AgentView
from application.idempotency import Once, carry_out, recall, remember
from application.limits.allowances import Allowances
from application.ports.catalog import Catalog
from application.ports.chat_model import ChatModel
from application.ports.clock import Clock
from domain.shared.identifiers import AgentId


@dataclass(frozen=True, slots=True)
class EditAgentCommand:
    """Which agent, and the fields of its profile to replace."""

    actor: Actor
    agent_id: AgentId
    changes: Mapping[str, Any]
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class EditAgent:
    """Changes one of the caller's agents; SlugTaken, UnknownModel, ModelNotAllowed."""

    catalog: Catalog
    models: ChatModel
    allowances: Allowances
    clock: Clock

    async def execute(self, command: EditAgentCommand) -> AgentView:
        """Return the changed agent; AgentNotFound when the caller has no such."""
        return await carry_out(command.once, lambda: self._edit(command))

    async def _edit(self, command: EditAgentCommand) -> AgentView:
        owner, once = command.actor.user_id, command.once
        async with self.catalog.open() as unit:
            edited = await recall(unit.keys, once, owner, AgentView)
            if edited is not None:
                return edited
            agent = await own_agent(unit, command.agent_id, command.actor)
            before = agent.changed()
            if "model" in command.changes:
                await require_model(self.models, command.changes["model"])
                await self.allowances.require_model(command.actor, command.changes["model"])
            agent.edit(replace(agent.profile, **command.changes), now=self.clock.now())
            unit.agents.save(agent)
            unit.record(before)
            unit.record(agent.changed())
            view = replace(AgentView.of(agent), version=agent.version + 1)  # as the commit makes it
            remember(unit.keys, once, owner, view)
            await unit.commit()
        return view
