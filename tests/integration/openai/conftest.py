"""The unmodified official Python SDK against a node that listens, over a provider whose every byte the test writes."""

from collections.abc import AsyncIterator, Callable

import pytest
from dishka import Provider, Scope, provide
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from adapters.models.openai_compatible import OpenAICompatibleModel
from adapters.models.router import ModelRouter
from domain.users.plan import Plan
from entrypoints.settings import Settings
from tests.integration.models import provider as upstream
from tests.support.api import Caller
from tests.support.realtime import Node, listening
from tests.support.servers import PostgresServer

API_KEY = "key-of-the-provider"


class ModelsAt(Provider):
    """The models `m` and `plain` at one server."""

    scope = Scope.APP

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    @provide(override=True)
    async def models(self) -> AsyncIterator[ModelRouter]:
        router = ModelRouter([OpenAICompatibleModel(self._url, API_KEY, ("m", "plain"))], "m")
        yield router
        await router.close()


@pytest.fixture(scope="session")
async def shared_provider() -> AsyncIterator[upstream.Provider]:
    async with upstream.serving(upstream.HELLO) as serving:
        yield serving


@pytest.fixture(scope="session")
async def settings(postgres: PostgresServer, own_valkey_url: Callable[[], str]) -> Settings:
    """A database of their own: any node on it may take over the replies of one that leaves."""
    return Settings(catalog_dsn=await postgres.database(), redis_url=own_valkey_url())


@pytest.fixture(scope="session")
async def node(settings: Settings, shared_provider: upstream.Provider) -> AsyncIterator[Node]:
    async with listening(settings, ModelsAt(shared_provider.url)) as running:
        yield running


@pytest.fixture(scope="session")
async def frugal_node(settings: Settings, shared_provider: upstream.Provider) -> AsyncIterator[Node]:
    """A node at which people sign up for the free plan."""
    async with listening(settings, ModelsAt(shared_provider.url), signup_plan=Plan.FREE) as running:
        yield running


@pytest.fixture
def provider(shared_provider: upstream.Provider) -> upstream.Provider:
    """The provider, which has been asked nothing yet and says hello until it is told something else."""
    shared_provider.asked.clear()
    shared_provider.left.clear()
    shared_provider.answers[:] = [upstream.HELLO]
    return shared_provider


@pytest.fixture
async def caller(node: Node) -> Caller:
    return await node.api.sign_up()


class Counted:
    """The SDK's client, and how many requests it made."""

    def __init__(self, node: Node, caller: Caller, retries: int = 2) -> None:
        self.requests = 0
        http = DefaultAsyncHttpxClient(event_hooks={"request": [self._count]}, trust_env=False)
        self.client = AsyncOpenAI(
            api_key=caller.token, base_url=f"http://127.0.0.1:{node.port}/v1", max_retries=retries, http_client=http
        )

    async def _count(self, _: object) -> None:
        self.requests += 1


@pytest.fixture
async def counted(node: Node, caller: Caller) -> AsyncIterator[Counted]:
    made = Counted(node, caller)
    yield made
    await made.client.close()


@pytest.fixture
def client(counted: Counted) -> AsyncOpenAI:
    return counted.client
