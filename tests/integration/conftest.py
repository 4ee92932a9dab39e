import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from adapters.embedded.folder import DataFolder
from adapters.embedded.valkey import EmbeddedValkey
from tests.integration.postgres.own_server import OwnServer
from tests.support.servers import PostgresServer, running_postgres
from tests.support.valkey_forms import FORMS, ValkeyForm
from tests.support.valkey_process import ValkeyProcess


@pytest.fixture(scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgresServer]:
    """One server for all tests; each test that needs a database of its own asks it for one."""
    async with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
async def shared_dsn(postgres: PostgresServer) -> str:
    """A migrated database that tests share, each with users of its own."""
    return await postgres.database()


@pytest.fixture
async def own_dsn(postgres: PostgresServer) -> str:
    """A migrated database of the test's own."""
    return await postgres.database()


@pytest.fixture(scope="session")
async def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a prepared server: whoever needs one of its own starts it on a copy, which is sooner there than new data."""
    folder = tmp_path_factory.mktemp("pattern")
    await OwnServer.make_pattern(folder)
    return folder


@pytest.fixture(scope="session")
async def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """One Valkey for all tests; each keeps to keys or a database of its own."""
    folder = DataFolder(tmp_path_factory.mktemp("valkey"))
    server = await EmbeddedValkey.start(folder, settings={"databases": "1000"})
    yield server.url
    await server.stop()
    folder.release()


@pytest.fixture(scope="session")
def own_valkey_url(valkey_url: str) -> Callable[[], str]:
    """The address of a part of the Valkey server that nobody else uses, each time that it is called.

    Whoever has a database of its own needs one: what is cached of agents goes by their names, which all databases have.
    """
    numbers = itertools.count(100)
    return lambda: f"{valkey_url.rpartition('/')[0]}/{next(numbers)}"


@pytest.fixture(scope="session")
def form_named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ValkeyForm]]:
    """What returns the servers of a form, which are started when they are first asked for, and then serve all files."""
    with ExitStack() as stack:
        yield cache(lambda name: stack.enter_context(FORMS[name](tmp_path_factory.mktemp(name))))


@pytest.fixture(scope="session", params=FORMS)
def valkey_form(request: pytest.FixtureRequest, form_named: Callable[[str], ValkeyForm]) -> ValkeyForm:
    """Valkey alone, under sentinels and as a cluster, in turn; a test that kills a server starts it again."""
    return form_named(request.param)


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[ValkeyProcess]:
    """A Valkey of the test's own, to be frozen and killed."""
    server = ValkeyProcess(tmp_path)
    yield server
    server.kill()
