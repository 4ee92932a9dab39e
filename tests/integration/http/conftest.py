from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from adapters.models.scripted import ScriptedModel
from entrypoints.settings import Settings
from tests.contracts.http.idempotency import LetADayPass
from tests.support.api import Api, Caller
from tests.support.application import Application, running_application
from tests.support.lossy import lossy_client
from tests.support.mailbox import KeptLetters, Mailbox


@pytest.fixture(scope="session")
def kept_letters() -> KeptLetters:
    return KeptLetters()


@pytest.fixture
def mailbox(application: Application, kept_letters: KeptLetters) -> Mailbox:
    return Mailbox(application.container, kept_letters.kept.letters)


@pytest.fixture(scope="session")
async def application(shared_dsn: str, valkey_url: str, kept_letters: KeptLetters) -> AsyncIterator[Application]:
    async with running_application(Settings(catalog_dsn=shared_dsn, redis_url=valkey_url), kept_letters) as running:
        yield running


@pytest.fixture
def api(application: Application) -> Api:
    return application.api


@pytest.fixture
def scripted(application: Application) -> ScriptedModel:
    return application.scripted


@pytest.fixture(scope="session")
async def neighbour(shared_dsn: str, valkey_url: str, kept_letters: KeptLetters, application: Application) -> AsyncIterator[Api]:
    """Another node over the same servers."""
    async with running_application(Settings(catalog_dsn=shared_dsn, redis_url=valkey_url), kept_letters) as running:
        yield running.api


@pytest.fixture
async def lossy(application: Application) -> AsyncIterator[httpx.AsyncClient]:
    async with lossy_client(application.asgi) as client:
        yield client


@pytest.fixture
def let_a_day_pass(shared_dsn: str) -> LetADayPass:
    async def make_older(caller: Caller) -> None:
        connection = await asyncpg.connect(shared_dsn)
        for schema in ("catalog", "shard"):
            older = f"UPDATE {schema}.idempotency_keys SET created_at = created_at - interval '24 hours 1 minute'"
            await connection.execute(f"{older} WHERE owner_id = $1", caller.user["id"])
        await connection.close()

    return make_older
