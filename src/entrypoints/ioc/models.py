"""Language models."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from adapters.models.coalescing import Coalescing
from adapters.models.openai_compatible import OpenAICompatibleModel
from adapters.models.router import ModelRouter
from application.ports.chat_model import ChatModel
from application.ports.completions import ChatCompletions
from entrypoints.settings import Settings
from entrypoints.upstreams import Upstream


class ModelsProvider(Provider):
    """The model servers that the settings name."""

    scope = Scope.APP

    @provide
    async def models(self, settings: Settings) -> AsyncIterator[ModelRouter]:
        """Return the models; connections are made when they are first used."""
        coalescing = Coalescing(settings.upstream_coalescing)
        providers = [_model_at(upstream, settings, coalescing) for upstream in settings.require_upstreams()]
        router = ModelRouter(providers, settings.default_model)
        yield router
        await router.close()

    @provide
    def chat_model(self, router: ModelRouter) -> ChatModel:
        """Return the models as those that make replies ask them."""
        return router

    @provide
    def completions(self, router: ModelRouter) -> ChatCompletions:
        """Return them as those that are passed through are asked: with the same breakers and budget."""
        return router


def _model_at(upstream: Upstream, settings: Settings, coalescing: Coalescing) -> OpenAICompatibleModel:
    return OpenAICompatibleModel(
        upstream.url, upstream.api_key, settings.upstream_models, settings.upstream_context_tokens,
        continues=upstream.continues != "false", flags_beginning=upstream.continues == "vllm",
        connect_timeout=settings.upstream_connect_timeout, first_token_timeout=settings.upstream_first_token_timeout,
        token_timeout=settings.upstream_token_timeout, coalescing=coalescing,
    )
