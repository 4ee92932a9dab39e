import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.processes import run_onelast, running
from tests.support.servers import PostgresServer

MODELS = "scripted-50,scripted-50-20ms"
Environment = dict[str, str]


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """A place for a data folder, which is gone after the test however that ends."""
    with TemporaryDirectory(prefix="onelast-data-") as folder:
        yield Path(folder) / "data"


@pytest.fixture(scope="session")
async def model_url() -> AsyncIterator[str]:
    """A model server without weights."""
    async with running(sys.executable, "-m", "bench.upstream") as program:
        await program.says("/v1")
        yield program.out.strip()


@pytest.fixture
async def fresh(postgres: PostgresServer, own_valkey_url: Callable[[], str], model_url: str) -> Environment:
    """The settings of a new deployment whose database is still empty."""
    return settings_of(await postgres.empty_database(), own_valkey_url(), model_url)


@pytest.fixture(scope="session")
async def deployment(postgres: PostgresServer, own_valkey_url: Callable[[], str], model_url: str) -> Environment:
    """The settings of a deployment that is migrated, which tests share one after the other, each with users of its own."""
    settings = settings_of(await postgres.empty_database(), own_valkey_url(), model_url)
    assert (await run_onelast("migrate", environment=settings)).status == 0
    return settings


def settings_of(dsn: str, valkey_url: str, model_url: str) -> Environment:
    """Return the settings of a deployment on these servers."""
    return {
        "ONELAST_PORT": "0", "ONELAST_CATALOG_DSN": dsn, "ONELAST_REDIS_URL": valkey_url,
        "ONELAST_UPSTREAM_URL": model_url, "ONELAST_UPSTREAM_API_KEY": "key-of-the-models", "ONELAST_UPSTREAM_MODELS": MODELS,
    }
