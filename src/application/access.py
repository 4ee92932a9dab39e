"""Rules on who may do what, shared by the areas."""

from application.agents.views import AgentView
from application.ports.readers import AgentReader
from domain.agents.agent import AgentNotFound
from domain.shared.identifiers import UserId


async def visible_agent(agents: AgentReader, id_or_slug: str, user_id: UserId | None) -> AgentView:
    """Return the agent in service that this caller may see; AgentNotFound otherwise."""
    agent = await agents.find(id_or_slug)
    if agent is None or agent.retired or not agent.visible_to(user_id):
        raise AgentNotFound(f"There is no agent {id_or_slug!r}.", param="agent_id")
    return agent
