"""Reading what can be named as a model."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from application.actor import Actor
from application.agents.views import AgentView
from application.naming import Naming
from application.paging import pages_of
from application.ports.chat_model import ChatModel, ModelFailed, ModelInfo
from application.ports.readers import AgentReader

# The client takes the list as a whole; agents beyond this many of a kind are found by their name.
_MOST: Final = 1_000
NamedModel = AgentView | ModelInfo


@dataclass(frozen=True, slots=True)
class ListNamedModels:
    """All that the caller may name as a model."""

    agents: AgentReader
    models: ChatModel

    async def execute(self, actor: Actor) -> Sequence[NamedModel]:
        """Return the caller's agents, the public ones, and the providers' models: each name once, up to 1,000 of a kind."""
        own = await _some(pages_of(lambda page: self.agents.list_for_owner(actor.user_id, page)))
        public = await _some(pages_of(self.agents.list_public))
        models = await self._offered()
        offered = {model.name for model in models}
        named: dict[str, NamedModel] = {agent.slug: agent for agent in own}
        for agent in public:
            if agent.owner_id is None or agent.slug not in offered:
                named.setdefault(agent.slug, agent)
        for model in models:
            named.setdefault(model.name, model)
        return tuple(named.values())

    async def _offered(self) -> Sequence[ModelInfo]:
        """Return the providers' models; a provider that is away hides its own only."""
        try:
            return await self.models.list()
        except ModelFailed:
            return ()


@dataclass(frozen=True, slots=True)
class ReadNamedModel:
    """One of them."""

    naming: Naming

    async def execute(self, name: str, actor: Actor) -> NamedModel:
        """Return it; ModelNotFound."""
        return await self.naming.find(name, actor)


async def _some(pages: AsyncGenerator[Sequence[AgentView], None]) -> Sequence[AgentView]:
    found: list[AgentView] = []
    async with aclosing(pages):
        async for agents in pages:
            found += agents
            if len(found) >= _MOST:
                break
    return found
