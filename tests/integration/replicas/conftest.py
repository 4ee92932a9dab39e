"""A source with a replica that can be paused and killed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.support.servers import FAST, PostgresServer, running_postgres
from tests.support.standby import Standby

# A replica is sent what is flushed, so commits wait for that here.
FLUSHING = {**FAST, "synchronous_commit": "on"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A migrated database on the source, its address on the replica, and the replica."""

    source: str
    replica: str
    standby: Standby


@pytest.fixture(scope="package")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgresServer]:
    async with running_postgres(tmp_path_factory.mktemp("source"), FLUSHING) as server:
        yield server


@pytest.fixture(scope="package")
async def pair(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    dsn = await server.database()
    standby = Standby(tmp_path_factory.mktemp("replica"), dsn)
    await standby.make()
    try:
        yield Pair(dsn, standby.dsn_of(dsn), standby)
    finally:
        await standby.close()
