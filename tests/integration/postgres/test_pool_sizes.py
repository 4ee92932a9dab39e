"""The pools of a process over a real server, which admits 187 connections of nodes."""

from collections.abc import AsyncIterator, Callable

import pytest

from adapters.telemetry.pools import PoolMeasurements
from adapters.telemetry.queries import QueryTimes
from entrypoints.ioc.pools import Pools
from entrypoints.settings import Settings

Open = Callable[..., Pools]


@pytest.fixture
async def pools_of() -> AsyncIterator[Open]:
    opened: list[Pools] = []

    def open_pools(**settings: object) -> Pools:
        opened.append(Pools(Settings(**settings), QueryTimes(60), PoolMeasurements()))  # type: ignore[arg-type]
        return opened[-1]

    yield open_pools
    for pools in opened:
        await pools.close()


async def test_a_pool_is_as_large_as_the_servers_cores_want_it(pools_of: Open, shared_dsn: str) -> None:
    pools = pools_of(database_cores=16)
    database = pools.open(shared_dsn, "catalog")
    await pools.fit()
    assert database.pool.size == 33


async def test_nodes_and_the_databases_of_one_server_share_what_it_admits(pools_of: Open, shared_dsn: str, own_dsn: str) -> None:
    pools = pools_of(database_cores=8, nodes=50)
    databases = [pools.open(dsn, name) for dsn, name in ((shared_dsn, "catalog"), (own_dsn, "shard 0"), (own_dsn, "again"))]
    await pools.fit()
    assert databases[1] is databases[2]
    assert [database.pool.size for database in databases] == [1, 1, 1]


async def test_a_size_that_was_set_stays(pools_of: Open, shared_dsn: str) -> None:
    pools = pools_of(database_cores=8, pool_size=3)
    database = pools.open(shared_dsn, "catalog")
    await pools.fit()
    assert database.pool.size == 3


@pytest.mark.parametrize("pooler", ["none", "pgbouncer"])
async def test_a_server_that_cannot_be_asked_is_judged_by_its_cores(pools_of: Open, pooler: str) -> None:
    pools = pools_of(database_cores=16, pooler=pooler)
    database = pools.open("postgresql://someone:secret@127.0.0.1:1/nothing", "nowhere")
    await pools.fit()
    assert database.pool.size == 33
