"""The whole application in this process, for tests: wired as in production, with some parts replaced."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
from dishka import AsyncContainer, Provider, Scope, provide
from litestar.types import ASGIApp
from msgspec.structs import replace

from adapters.models.router import ModelRouter
from adapters.models.scripted import ScriptedModel
from adapters.system.password_hasher import Argon2PasswordHasher
from application.agents.seed_catalogue import SeedCatalogue
from application.ports.password_hasher import PasswordHasher
from domain.users.plan import Plan
from entrypoints.http.app import create_app
from entrypoints.ioc.container import build_container, build_everything
from entrypoints.ioc.runs import RunMaking
from entrypoints.settings import Settings
from tests.support.api import Api
from tests.support.promoting import promoting


class ScriptedModels(Provider):
    """Models that say what their scripts say."""

    scope = Scope.APP

    def __init__(self, scripted: ScriptedModel) -> None:
        super().__init__()
        self._scripted = scripted

    @provide(override=True)
    def models(self) -> ModelRouter:
        return ModelRouter([self._scripted], "scripted")


class WeakPasswords(Provider):
    """The hasher of production with the least work: every other test signs somebody up, and none of them steals a hash."""

    scope = Scope.APP

    @provide(override=True)
    def password_hasher(self) -> Iterator[PasswordHasher]:
        hasher = Argon2PasswordHasher(memory_kib=8, passes=1)
        yield hasher
        hasher.close()


class Application:
    """A running application, how to speak to it, and its container."""

    def __init__(self, api: Api, container: AsyncContainer, scripted: ScriptedModel, asgi: ASGIApp) -> None:
        self.api, self.container, self.scripted, self.asgi = api, container, scripted, asgi


@asynccontextmanager
async def running_application(
    settings: Settings, *overrides: Provider, signup_plan: Plan = Plan.ENTERPRISE
) -> AsyncIterator[Application]:
    """Build the application with scripted models, seed it, and speak to it without a network.

    People sign up for a plan that holds nobody up.
    """
    scripted = ScriptedModel()
    container = build_container(replace(settings, signup_plan=signup_plan), ScriptedModels(scripted), WeakPasswords(), *overrides)
    try:
        app = create_app(await build_everything(container))
        await (await container.get(SeedCatalogue)).execute()
        making = await container.get(RunMaking)
        await making.begin()
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=30) as http:
            yield Application(Api(http, promoting(container)), container, scripted, app)
        await making.leave()
    finally:
        await container.close()
