from collections.abc import AsyncIterator

import pytest

from adapters.models.scripted import ScriptedModel
from tests.support.api import Api
from tests.support.application import Application, running_application
from tests.support.memory import NOWHERE, Memory


@pytest.fixture(scope="session")
def memory() -> Memory:
    return Memory()


@pytest.fixture(scope="session")
async def application(memory: Memory) -> AsyncIterator[Application]:
    async with running_application(NOWHERE, memory) as running:
        yield running


@pytest.fixture
def api(application: Application) -> Api:
    return application.api


@pytest.fixture
def scripted(application: Application) -> ScriptedModel:
    return application.scripted
