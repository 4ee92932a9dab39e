"""The whole application in this process, for tests: wired as in production, with some parts replaced."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from dishka import AsyncContainer, Provider, Scope, provide
from litestar.types import ASGIApp

from adapters.models.router import ModelRouter
from adapters.models.scripted import ScriptedModel
from application.agents.seed_catalogue import SeedCatalogue
from application.ports.chat_model import ChatModel
from entrypoints.http.app import create_app
from entrypoints.ioc.container import build_container, build_everything
from entrypoints.ioc.runs import RunMaking
from entrypoints.settings import Settings
from tests.support.api import Api


class ScriptedModels(Provider):
    """Models that say what their scripts say."""

    scope = Scope.APP

    def __init__(self, scripted: ScriptedModel) -> None:
        super().__init__()
        self._scripted = scripted

    @provide(override=True)
    def models(self) -> ChatModel:
        return ModelRouter([self._scripted], "scripted")


class Application:
    """A running application, how to speak to it, and its container."""

    def __init__(self, api: Api, container: AsyncContainer, scripted: ScriptedModel, asgi: ASGIApp) -> None:
        self.api, self.container, self.scripted, self.asgi = api, container, scripted, asgi


@asynccontextmanager
async def running_application(settings: Settings, *overrides: Provider) -> AsyncIterator[Application]:
    """Build the application with scripted models, seed it, and speak to it without a network."""
    scripted = ScriptedModel()
    container = build_container(settings, ScriptedModels(scripted), *overrides)
    try:
        app = create_app(await build_everything(container))
        await (await container.get(SeedCatalogue)).execute()
        making = await container.get(RunMaking)
        await making.begin()
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=30) as http:
            yield Application(Api(http), container, scripted, app)
        await making.leave()
    finally:
        await container.close()
