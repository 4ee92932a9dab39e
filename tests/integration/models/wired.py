"""The models as the application has them: from settings, through the container."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dishka import Provider, Scope, from_context, make_async_container

from application.ports.chat_model import ChatModel
from entrypoints.ioc.models import ModelsProvider
from entrypoints.settings import Settings


class _Given(Provider):
    settings = from_context(Settings, scope=Scope.APP)


@asynccontextmanager
async def models_of(settings: Settings) -> AsyncIterator[ChatModel]:
    """Give the models that these settings name."""
    container = make_async_container(_Given(), ModelsProvider(), context={Settings: settings})
    try:
        yield await container.get(ChatModel)
    finally:
        await container.close()
