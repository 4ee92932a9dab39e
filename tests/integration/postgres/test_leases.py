"""Leases on real Postgres."""

import asyncio

import pytest

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresRunLeases
from adapters.postgres.shards import PostgresShards
from domain.shared.errors import Unavailable
from domain.shared.identifiers import NodeId
from tests.contracts.ports.run_leases import Elapse, Join, RunLeasesSuite, begun_by, found
from tests.integration.postgres.own_server import OwnServer
from tests.support.sharding import placed

LEASE = 0.4


class TestPostgresRunLeases(RunLeasesSuite):
    @pytest.fixture
    def join(self, database: Database, entropy: MemoryEntropy) -> Join:
        return lambda: PostgresRunLeases(placed(database), NodeId(entropy.identifier("node", 0)), lease=LEASE)

    @pytest.fixture
    def elapse(self) -> Elapse:
        async def wait() -> None:
            await asyncio.sleep(LEASE + 0.1)

        return wait


async def test_after_an_outage_nodes_have_time_to_come_back_before_their_runs_are_claimed(
    own_server: OwnServer, entropy: MemoryEntropy
) -> None:
    database = Database(await own_server.database(), name="own", patience=20.0)
    first, second = (PostgresRunLeases(placed(database), NodeId(entropy.identifier("node", 0)), lease=2.0) for _ in range(2))
    await first.renew()
    await second.renew()
    run = await begun_by(first, PostgresShards(placed(database), entropy))
    await own_server.stop()
    for leases in (first, second):
        with pytest.raises(Unavailable):
            await leases.renew()
    await asyncio.sleep(2.1)
    assert first.tenure is None
    await own_server.start()
    await second.renew()
    assert found(run, list(await second.claim(100))) is None
    await first.renew()
    assert first.tenure is not None
    assert found(run, list(await second.claim(100))) is None
    await database.close()
