"""An agent's model must exist."""

from application.ports.chat_model import ChatModel
from domain.agents.agent import UnknownModel


async def require_model(models: ChatModel, name: str) -> None:
    """Return when a configured provider offers the model; UnknownModel naming the field otherwise."""
    if await models.find(name) is None:
        known = ", ".join([info.name for info in await models.list()][:10])
        raise UnknownModel(f"No configured provider offers the model {name!r}; there are: {known}.", param="model")
