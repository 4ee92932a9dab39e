"""A character that users talk to: a persona over a model."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.shared.errors import Conflict, Invalid, NotFound
from domain.shared.events import DomainEvent
from domain.shared.identifiers import AgentId, UserId
from domain.shared.rules import bounded_text

SLUG_PATTERN: Final = "[a-z0-9]+(-[a-z0-9]+)*"
_SLUG: Final = re.compile(SLUG_PATTERN)
PERSONA_LONGEST: Final = 32_000


class Visibility(StrEnum):
    """Who may see the agent: everybody, or its owner alone."""

    PUBLIC = "public"
    PRIVATE = "private"


class AgentNotFound(NotFound):
    """There is no such agent, or not for this caller."""

    code = "agent_not_found"


class SlugTaken(Conflict):
    """Another agent has this slug."""

    code = "slug_taken"


class AgentRetired(Conflict):
    """The agent takes no new messages."""

    code = "agent_retired"


class UnknownModel(Invalid):
    """No configured provider offers this model."""

    code = "unknown_model"


@dataclass(frozen=True, slots=True)
class AgentChanged(DomainEvent):
    """An agent was made, edited or retired; caches of it and of the catalogue are out of date."""

    agent_id: AgentId
    slug: str
    public: bool


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the model picks its words; None leaves the choice to the provider."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None

    def __post_init__(self) -> None:
        if self.temperature is not None and not 0 <= self.temperature <= 2:
            raise Invalid("'temperature' must lie between 0 and 2.", param="sampling.temperature")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise Invalid("'top_p' must be over 0 and at most 1.", param="sampling.top_p")
        if self.max_tokens is not None and not 1 <= self.max_tokens <= 131_072:
            raise Invalid("'max_tokens' must lie between 1 and 131072.", param="sampling.max_tokens")


def parse_slug(value: str) -> str:
    """Return the slug when it has 2 to 64 characters of a–z, 0–9 and single inner hyphens."""
    if not 2 <= len(value) <= 64 or _SLUG.fullmatch(value) is None:
        raise Invalid("'slug' has 2 to 64 of a-z, 0-9 and single hyphens between them.", param="slug")
    return value


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """All of an agent that its owner writes; building one checks every rule."""

    slug: str
    name: str
    description: str
    persona: str
    model: str
    sampling: Sampling = field(default_factory=Sampling)
    visibility: Visibility = Visibility.PRIVATE

    def __post_init__(self) -> None:
        parse_slug(self.slug)
        bounded_text(self.name, param="name", longest=100)
        bounded_text(self.description, param="description", longest=1_000, shortest=0)
        bounded_text(self.persona, param="persona", longest=PERSONA_LONGEST)
        bounded_text(self.model, param="model", longest=200)


@dataclass(slots=True)
class Agent:
    """An agent; the platform's own have no owner. `version` counts its edits."""

    id: AgentId
    owner_id: UserId | None
    profile: AgentProfile
    created_at: datetime
    updated_at: datetime
    retired_at: datetime | None = None
    version: int = 0

    def edit(self, profile: AgentProfile, *, now: datetime) -> None:
        """Replace what the owner writes."""
        self.profile, self.updated_at = profile, now

    def retire(self, *, now: datetime) -> None:
        """Take the agent out of service; sessions with it stay readable."""
        self.retired_at = self.updated_at = now

    def changed(self) -> AgentChanged:
        """Return the event that tells of a change to this agent."""
        return AgentChanged(self.id, self.profile.slug, self.profile.visibility is Visibility.PUBLIC)
