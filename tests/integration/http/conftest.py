from collections.abc import AsyncIterator

import pytest

from adapters.models.scripted import ScriptedModel
from entrypoints.settings import Settings
from tests.support.api import Api
from tests.support.application import Application, running_application


@pytest.fixture(scope="session")
async def application(shared_dsn: str, valkey_url: str) -> AsyncIterator[Application]:
    async with running_application(Settings(catalog_dsn=shared_dsn, redis_url=valkey_url)) as running:
        yield running


@pytest.fixture
def api(application: Application) -> Api:
    return application.api


@pytest.fixture
def scripted(application: Application) -> ScriptedModel:
    return application.scripted
