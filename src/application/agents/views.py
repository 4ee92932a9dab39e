"""How agents look from outside."""

from dataclasses import dataclass
from datetime import datetime

from domain.agents.agent import Agent, Sampling, Visibility
from domain.shared.identifiers import AgentId, UserId


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent, flat; a public agent's persona is public too."""

    id: AgentId
    owner_id: UserId | None
    slug: str
    name: str
    description: str
    persona: str
    model: str
    sampling: Sampling
    visibility: Visibility
    version: int
    created_at: datetime
    updated_at: datetime
    retired: bool

    def visible_to(self, user_id: UserId | None) -> bool:
        """Whether this caller (None: anonymous) may know of the agent."""
        return self.visibility is Visibility.PUBLIC or (user_id is not None and user_id == self.owner_id)

    @classmethod
    def of(cls, agent: Agent) -> "AgentView":
        """Return the view of an entity."""
        p = agent.profile
        return cls(
            agent.id, agent.owner_id, p.slug, p.name, p.description, p.persona, p.model, p.sampling, p.visibility,
            agent.version, agent.created_at, agent.updated_at, agent.retired_at is not None,
        )
