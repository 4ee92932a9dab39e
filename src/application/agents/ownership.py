"""Only the owner changes an agent, and administrators."""

from application.actor import Actor
from application.ports.catalog import CatalogUnitOfWork
from domain.agents.agent import Agent, AgentNotFound, Visibility
from domain.shared.errors import Forbidden
from domain.shared.identifiers import AgentId


async def own_agent(unit: CatalogUnitOfWork, agent_id: AgentId, actor: Actor) -> Agent:
    """Return the caller's agent, and any to an administrator; AgentNotFound, or Forbidden for a public one of somebody else."""
    agent = await unit.agents.get(agent_id)
    if agent.retired_at is None and (agent.owner_id == actor.user_id or actor.administers):
        return agent
    if agent.retired_at is None and agent.profile.visibility is Visibility.PUBLIC:
        raise Forbidden("Only its owner may change this agent.")
    raise AgentNotFound(f"There is no agent {agent_id}.")
