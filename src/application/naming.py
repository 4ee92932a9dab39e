"""What a client of OpenAI's means by a model: an agent, or a model of a provider."""

from dataclasses import dataclass

from application.access import visible_agent
from application.actor import Actor
from application.agents.views import AgentView
from application.ports.chat_model import ChatModel, ModelInfo
from application.ports.readers import AgentReader
from domain.agents.agent import AgentNotFound
from domain.shared.errors import NotFound


class ModelNotFound(NotFound):
    """Neither an agent that the caller may see nor a model of a provider has this name."""

    code = "model_not_found"


@dataclass(frozen=True, slots=True)
class Naming:
    """Finds what a name stands for.

    The platform's agents and the caller's own come first. A stranger's public agent never stands in the way of a provider's
    model: whoever asks for that model would otherwise talk to the stranger's persona.
    """

    agents: AgentReader
    models: ChatModel

    async def find(self, name: str, actor: Actor) -> AgentView | ModelInfo:
        """Return it; ModelNotFound."""
        agent = await self._agent(name, actor)
        if agent is not None and agent.owner_id in (None, actor.user_id):
            return agent
        model = await self.models.find(name)
        if model is None and agent is None:
            raise ModelNotFound(f"The model {name!r} does not exist or you do not have access to it.", param="model")
        return model or agent  # type: ignore[return-value]  # one of them is there

    async def _agent(self, name: str, actor: Actor) -> AgentView | None:
        try:
            return await visible_agent(self.agents, name, actor.user_id)
        except AgentNotFound:
            return None
