"""The wire of agents."""

from datetime import datetime
from typing import Literal

from msgspec import UNSET, UnsetType

from application.agents.views import AgentView
from domain.agents.agent import Sampling, Visibility
from entrypoints.http import bounds
from entrypoints.http.wire import In, Out


class SamplingBody(In, frozen=True):
    """How an agent's model chooses its words; null is as the model has it."""

    temperature: bounds.Temperature | None = None
    top_p: bounds.TopP | None = None
    max_tokens: bounds.ReplyTokens | None = None

    def to_domain(self) -> Sampling:
        """Return it as agents have it."""
        return Sampling(self.temperature, self.top_p, self.max_tokens)


class AgentIn(In, frozen=True):
    """An agent to make."""

    slug: bounds.Slug
    name: bounds.Name
    persona: bounds.Persona
    model: bounds.ModelName = "default"
    description: bounds.Description = ""
    sampling: SamplingBody = SamplingBody()
    visibility: Visibility = Visibility.PRIVATE


class AgentPatchIn(In, frozen=True):
    """What to change of an agent."""

    slug: bounds.Slug | UnsetType = UNSET
    name: bounds.Name | UnsetType = UNSET
    persona: bounds.Persona | UnsetType = UNSET
    model: bounds.ModelName | UnsetType = UNSET
    description: bounds.Description | UnsetType = UNSET
    sampling: SamplingBody | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET


class AgentOut(Out, frozen=True):
    """An agent."""

    id: str
    slug: str
    name: str
    description: str
    persona: str
    model: str
    sampling: SamplingBody
    visibility: Visibility
    owner_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    object: Literal["agent"] = "agent"

    @classmethod
    def of(cls, a: AgentView) -> "AgentOut":
        """Return the shape."""
        sampling = SamplingBody(a.sampling.temperature, a.sampling.top_p, a.sampling.max_tokens)
        return cls(
            a.id, a.slug, a.name, a.description, a.persona, a.model, sampling, a.visibility, a.owner_id, a.version,
            a.created_at, a.updated_at,
        )
