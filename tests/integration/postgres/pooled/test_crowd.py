"""Many clients, few connections: each statement of a client may run on another connection of the server."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresRunLeases
from adapters.postgres.shard_readers import PostgresSessionReader
from adapters.postgres.shards import PostgresShards
from application.paging import PageRequest
from domain.shared.identifiers import NodeId
from tests.contracts.ports.run_leases import begun_by
from tests.integration.postgres.pooled.conftest import FEW, pooled
from tests.support.pgbouncer import PgBouncer
from tests.support.sharding import placed
from tests.support.storing import say, store_session

CLIENTS = 50
ROUNDS = 10
PAGE = PageRequest(100, descending=False)
COUNT_OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
async def crowd(own_dsn: str, pooler: PgBouncer) -> AsyncIterator[list[Database]]:
    """So many databases as there would be in so many processes."""
    databases = [pooled(pooler.before(own_dsn)) for _ in range(CLIENTS)]
    yield databases
    await asyncio.gather(*(database.close() for database in databases))


class Client:
    """One process's parts."""

    def __init__(self, database: Database, entropy: MemoryEntropy) -> None:
        placement = placed(database)
        self.shards, self.sessions = PostgresShards(placement, entropy), PostgresSessionReader(placement)
        self.leases = PostgresRunLeases(placement, NodeId(entropy.identifier("node", 0)))

    async def talk(self) -> int:
        """Commit, read, renew and claim, round after round; return what was claimed."""
        claimed = 0
        await self.leases.renew()
        run = await begun_by(self.leases, self.shards)
        session = await store_session(self.shards)
        for number in range(ROUNDS):
            said, _ = await say(self.shards, session, f"{number}")
            excerpt = await self.sessions.read_messages(session.owner_id, session.id, PAGE)
            assert [message.seq for message in excerpt.messages.items] == list(range(1, number + 2))
            assert excerpt.messages.items[-1].id == said.id
            found = await self.sessions.find(session.owner_id, session.id)
            assert found is not None
            assert found.head_seq == number + 1
            await self.leases.renew()
            claimed += len(await self.leases.claim(5))
        assert run.node == self.leases.node
        return claimed


async def test_fifty_clients_share_three_connections_and_no_statement_fails(
    own_dsn: str, crowd: list[Database], entropy: MemoryEntropy
) -> None:
    assert await asyncio.gather(*(Client(database, entropy).talk() for database in crowd)) == [0] * CLIENTS
    assert sum(database.pool.use.at_once + sum(database.pool.use.waits) for database in crowd) > 2000
    direct = await asyncpg.connect(own_dsn)
    assert await direct.fetchval(COUNT_OTHERS) <= FEW
    assert await direct.fetchval("SELECT count(*) FROM shard.messages") == CLIENTS * (ROUNDS + 1)
    await direct.close()
