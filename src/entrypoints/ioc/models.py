"""Language models."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from adapters.models.openai_compatible import OpenAICompatibleModel
from adapters.models.router import ModelRouter
from application.ports.chat_model import ChatModel
from entrypoints.settings import Settings


class ModelsProvider(Provider):
    """The model server that the settings name."""

    scope = Scope.APP

    @provide
    async def models(self, settings: Settings) -> AsyncIterator[ChatModel]:
        """Return the models; connections are made when they are first used."""
        upstream = OpenAICompatibleModel(
            settings.require_upstream(), settings.upstream_api_key, settings.upstream_models, settings.upstream_context_tokens
        )
        router = ModelRouter([upstream], settings.default_model)
        yield router
        await router.close()
