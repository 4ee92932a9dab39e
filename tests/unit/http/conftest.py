from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.models.scripted import ScriptedModel
from tests.contracts.http.idempotency import LetADayPass
from tests.support.api import Api, Caller
from tests.support.application import Application, running_application
from tests.support.lossy import lossy_client
from tests.support.mailbox import Mailbox
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
def mailbox(application: Application, memory: Memory) -> Mailbox:
    return Mailbox(application.container, memory.letters)


@pytest.fixture
def scripted(application: Application) -> ScriptedModel:
    return application.scripted


@pytest.fixture(scope="session")
async def neighbour(memory: Memory, application: Application) -> AsyncIterator[Api]:
    """Another node over the same stores."""
    async with running_application(NOWHERE, memory) as running:
        yield running.api


@pytest.fixture
async def lossy(application: Application) -> AsyncIterator[httpx.AsyncClient]:
    async with lossy_client(application.asgi) as client:
        yield client


@pytest.fixture
def let_a_day_pass(memory: Memory) -> LetADayPass:
    async def let_pass(_: Caller) -> None:
        memory.hands.advance(24 * 3600 + 60)

    return let_pass
