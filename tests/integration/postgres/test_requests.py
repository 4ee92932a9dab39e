"""What callers are told while the database has no connection to spare, or does not answer at all."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest

from adapters.postgres.database import Database
from entrypoints.ioc.postgres import Databases
from entrypoints.settings import Settings
from tests.integration.postgres.own_server import OwnServer
from tests.integration.postgres.waiting import WAIT, WAITING, Gate
from tests.support.api import error_of
from tests.support.application import Application, running_application
from tests.support.processes import until

SOON = 30
CROWD = 40


def require_unavailable(answers: Sequence[httpx.Response]) -> None:
    """Look that all of them say 503, when to come again, and nothing about the database."""
    for answer in answers:
        error = error_of(answer, 503)
        assert (error["type"], error["code"], answer.headers["retry-after"]) == ("unavailable_error", "overloaded", "1")
        assert "database" not in error["message"]


async def measured(application: Application, name: str) -> float:
    """Return a measurement of the catalog's pool."""
    text = (await application.api.http.get("/metrics")).text
    found = re.search(rf'^onelast_pool_{name}{{database="catalog"}} (\S+)$', text, re.MULTILINE)
    assert found is not None, text
    return float(found[1])


@asynccontextmanager
async def filled(application: Application, dsn: str) -> AsyncIterator[None]:
    """Keep every connection of the pool busy."""
    database: Database = (await application.container.get(Databases)).catalog
    async with Gate.closed(dsn) as gate:
        held = [asyncio.create_task(database.take(WAIT, **WAITING)) for _ in range(database.pool.size)]
        await gate.holds(len(held))
        try:
            yield
        finally:
            await gate.open()
            await asyncio.gather(*held)


@pytest.fixture
async def narrow(own_dsn: str, own_valkey_url: Callable[[], str]) -> AsyncIterator[Application]:
    """An application with two connections."""
    settings = Settings(catalog_dsn=own_dsn, redis_url=own_valkey_url(), pool_size=2, database_timeout=60)
    async with running_application(settings) as application:
        yield application


async def test_while_the_pool_is_busy_callers_are_told_503_and_then_served(narrow: Application, own_dsn: str) -> None:
    caller = await narrow.api.sign_up()
    async with filled(narrow, own_dsn):
        assert await measured(narrow, "busy") == 2
        async with asyncio.timeout(SOON):
            require_unavailable(await asyncio.gather(*(caller.get("/v1/sessions") for _ in range(CROWD))))
        assert await measured(narrow, "timeouts_total") >= 1  # those who ask the same wait for one statement
    answers = await asyncio.gather(*(caller.get("/v1/sessions") for _ in range(CROWD)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await measured(narrow, "size"), await measured(narrow, "open")) == (2, 2)
    assert await measured(narrow, "connects_total") >= 2
    assert await measured(narrow, "wait_seconds_count") > 2


@pytest.fixture
async def hasty(own_server: OwnServer, own_valkey_url: Callable[[], str]) -> AsyncIterator[Application]:
    """An application over a server of its own, which gets half a second for a statement."""
    settings = Settings(catalog_dsn=await own_server.database(), redis_url=own_valkey_url(), database_timeout=0.5, pool_size=5)
    async with running_application(settings) as application:
        yield application
        own_server.freeze()
        # leaving and closing, too, have to come to an end while nothing answers


async def in_time(work: Awaitable[list[httpx.Response]]) -> list[httpx.Response]:
    """Return the answers; TimeoutError when they hang with the server."""
    async with asyncio.timeout(SOON):
        return await work


async def test_a_server_that_hangs_does_not_hang_its_callers_or_the_shutdown(hasty: Application, own_server: OwnServer) -> None:
    caller = await hasty.api.sign_up()
    session = await caller.session()
    own_server.freeze()
    for _ in range(2):
        reading = (caller.get(path) for path in ["/v1/sessions", f"/v1/sessions/{session}/messages"] * CROWD)
        require_unavailable(await in_time(asyncio.gather(*reading)))
        require_unavailable(await in_time(asyncio.gather(*(caller.say(session) for _ in range(CROWD)))))
    own_server.thaw()

    async def served() -> bool:
        return (await caller.get("/v1/sessions")).status_code == 200

    await until(served)
    assert (await caller.say(session)).status_code == 201
