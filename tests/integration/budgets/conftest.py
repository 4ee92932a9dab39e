from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from entrypoints.settings import Settings
from tests.integration.budgets.counting import Node
from tests.support.api import Api
from tests.support.application import Application, running_application
from tests.support.mailbox import KeptLetters, Mailbox
from tests.support.servers import PostgresServer


@pytest.fixture(scope="session")
async def budget_settings(postgres: PostgresServer, valkey_url: str) -> Settings:
    """A database and a numbered Valkey database that nobody else uses."""
    # A process would remember for a second more what is flushed from the server.
    return Settings(catalog_dsn=await postgres.database(), redis_url=f"{valkey_url}?db=7", cache_layers=("redis",))


@pytest.fixture(scope="session")
def kept_letters() -> KeptLetters:
    return KeptLetters()


@pytest.fixture(scope="session")
async def home_application(budget_settings: Settings, kept_letters: KeptLetters) -> AsyncIterator[Application]:
    async with running_application(budget_settings, kept_letters) as running:
        yield running


@pytest.fixture(scope="session")
def home(home_application: Application) -> Api:
    """The node on which all is prepared."""
    return home_application.api


@pytest.fixture(scope="session")
def mailbox(home_application: Application, kept_letters: KeptLetters) -> Mailbox:
    """What the first node sends; the others send nothing."""
    return Mailbox(home_application.container, kept_letters.kept.letters)


@pytest.fixture
async def cold_node(budget_settings: Settings, home: Api) -> AsyncIterator[Node]:
    """A node that has read nothing yet."""
    async with running_application(budget_settings) as running:
        yield await Node.of(running)


@pytest.fixture
async def cache_server(budget_settings: Settings) -> AsyncIterator[Redis]:
    client = Redis.from_url(budget_settings.require_redis().replace("valkey://", "redis://"))
    yield client
    await client.aclose()
