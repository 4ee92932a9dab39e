"""Reading agents."""

from dataclasses import dataclass

from application.access import visible_agent
from application.actor import Actor
from application.agents.views import AgentView
from application.paging import Page, PageRequest
from application.ports.readers import AgentReader


@dataclass(frozen=True, slots=True)
class ReadAgent:
    """One agent, for anybody who may see it."""

    agents: AgentReader

    async def execute(self, id_or_slug: str, actor: Actor | None) -> AgentView:
        """Return the agent; AgentNotFound."""
        return await visible_agent(self.agents, id_or_slug, actor.user_id if actor else None)


@dataclass(frozen=True, slots=True)
class ListAgents:
    """The public catalogue."""

    agents: AgentReader

    async def execute(self, page: PageRequest) -> Page[AgentView]:
        """Return a page of public agents."""
        return await self.agents.list_public(page)


@dataclass(frozen=True, slots=True)
class ListOwnAgents:
    """The caller's agents."""

    agents: AgentReader

    async def execute(self, actor: Actor, page: PageRequest) -> Page[AgentView]:
        """Return a page of the caller's agents."""
        return await self.agents.list_for_owner(actor.user_id, page)
