"""Who makes a reply that a client of OpenAI's dialect asks for: an agent, or a provider's model alone."""

from dataclasses import dataclass
from typing import Final

from application.actor import Actor
from application.agents.views import AgentView
from application.naming import Naming
from application.ports.readers import AgentReader
from application.runs.beginning import agent_of
from domain.agents.agent import Sampling
from domain.runs.run import Asked, RunOptions
from domain.sessions.session import Session
from domain.shared.errors import Invalid, Unavailable

# With whom a session is whose replies a model makes alone.
_NOBODY: Final = "assistant"
_BETWEEN: Final = "\n\n"


@dataclass(frozen=True, slots=True)
class Cast:
    """An agent as it is, or (`alone`) the agent that stands for a model without persona."""

    agent: AgentView
    model: str
    alone: bool = False

    def options(self, asked: Asked, sampling: Sampling) -> RunOptions:
        """Return what the run is told: persona, instructions, what the system says; the caller's sampling before the agent's."""
        persona, own = ("", Sampling()) if self.alone else (self.agent.persona, self.agent.sampling)
        added = [text for text in (asked.instructions, asked.standing) if text]
        told = _BETWEEN.join([persona, *added] if persona else added) if added or self.alone else None
        chosen = Sampling(
            own.temperature if sampling.temperature is None else sampling.temperature,
            own.top_p if sampling.top_p is None else sampling.top_p,
            own.max_tokens if sampling.max_tokens is None else sampling.max_tokens,
        )
        return RunOptions(told, None if chosen == own and not self.alone else chosen, asked)


@dataclass(frozen=True, slots=True)
class Casting:
    """Finds who is meant."""

    agents: AgentReader
    naming: Naming

    async def find(self, model: str | None, session: Session | None, actor: Actor) -> Cast:
        """Return who is called `model`, or whom the session is with; ModelNotFound, AgentRetired, Invalid if neither is given."""
        if model is None:
            if session is None:
                raise Invalid("'model' is needed: an agent's slug or identifier, or a model of a provider.", param="model")
            agent = await agent_of(session, self.agents)
            return Cast(agent, agent.model)
        found = await self.naming.find(model, actor)
        if isinstance(found, AgentView):
            return Cast(found, found.model)
        nobody = await self.agents.find(_NOBODY)
        if nobody is None:
            raise Unavailable(f"The agent {_NOBODY!r} is not there.")
        return Cast(nobody, found.name, alone=True)
