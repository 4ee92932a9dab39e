"""PgBouncer, as it is configured for operators, with a server behind it that goes away; and PgBouncer itself going away."""

import asyncio
import signal

import pytest

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.catalog_readers import PostgresUserReader
from adapters.postgres.database import Database
from application.users.views import UserView
from domain.shared.errors import Unavailable
from domain.users.user import User
from entrypoints.settings import Settings
from tests.integration.postgres.conftest import PATIENCE
from tests.integration.postgres.own_server import OwnServer
from tests.integration.postgres.waiting import WAIT, WAITING, Gate
from tests.support.application import running_application
from tests.support.builders import new_user_id
from tests.support.pgbouncer import PgBouncer, pgbouncer
from tests.support.processes import until
from tests.support.storing import store_user

SOON = 60


class Node:
    """What one process has of a database behind PgBouncer."""

    def __init__(self, dsn: str, entropy: MemoryEntropy, *, size: int = 5, timeout: float = 5.0) -> None:
        self.database = Database(dsn, name="far", size=size, patience=PATIENCE, statement_timeout=timeout, pooler="pgbouncer")
        self.catalog, self.users = PostgresCatalog(self.database, entropy), PostgresUserReader(self.database)

    async def refuses_everything(self) -> None:
        """Look that reading and writing say within moments that the database is away."""
        crowd = asyncio.gather(*(self.users.find_user(new_user_id()) for _ in range(20)))
        for attempt in (self.database.ping(), self.users.find_user(new_user_id()), store_user(self.catalog), crowd):
            async with asyncio.timeout(SOON):
                with pytest.raises(Unavailable):
                    await attempt

    async def serves_again(self, user: User) -> None:
        """Return when it does; PgBouncer tries the server again each second."""
        async def found() -> bool:
            try:
                return await self.users.find_user(user.id) == UserView.of(user)
            except Unavailable:
                return False

        await until(found, SOON)
        await store_user(self.catalog)


@pytest.mark.parametrize("way", ["stopped", "killed"])
async def test_while_the_server_is_away_everything_is_unavailable(
    own_server: OwnServer, entropy: MemoryEntropy, way: str
) -> None:
    dsn = await own_server.database()
    async with pgbouncer(dsn, query_wait_timeout=1) as pooler:
        node = Node(pooler.before(dsn), entropy)
        user = await store_user(node.catalog)
        await (own_server.stop() if way == "stopped" else own_server.kill())
        await node.refuses_everything()
        await own_server.start()
        await node.serves_again(user)
        await node.database.close()


async def test_a_frozen_server_is_given_up_and_used_again_when_it_is_thawed(
    own_server: OwnServer, entropy: MemoryEntropy
) -> None:
    dsn = await own_server.database()
    async with pgbouncer(dsn, query_wait_timeout=1, server_connect_timeout=1) as pooler:
        node = Node(pooler.before(dsn), entropy, timeout=0.5)
        user = await store_user(node.catalog)
        own_server.freeze()
        await node.refuses_everything()
        own_server.thaw()
        await node.serves_again(user)
        await node.database.close()


async def test_a_pooler_that_comes_back_is_found_again(own_dsn: str, entropy: MemoryEntropy) -> None:
    async with pgbouncer(own_dsn) as pooler:
        node = Node(pooler.before(own_dsn), entropy)
        user = await store_user(node.catalog)
        await pooler.program.end(signal.SIGTERM)
    await node.refuses_everything()
    async with pgbouncer(own_dsn, port=pooler.port):
        await node.serves_again(user)
        await node.database.close()


async def test_whoever_waits_too_long_for_the_poolers_connections_is_unavailable(
    own_dsn: str, entropy: MemoryEntropy
) -> None:
    async with pgbouncer(own_dsn, default_pool_size=1, query_wait_timeout=1) as pooler, Gate.closed(own_dsn) as gate:
        node = Node(pooler.before(own_dsn), entropy, timeout=30)
        user = await store_user(node.catalog)
        held = asyncio.create_task(node.database.take(WAIT, **WAITING))
        await gate.holds()
        for attempt in (node.users.find_user(user.id), store_user(node.catalog)):
            with pytest.raises(Unavailable) as refused:
                await attempt
            assert "query_wait_timeout" in str(refused.value.__cause__)
        await gate.open()
        await held
        await node.serves_again(user)
        await node.database.close()


async def test_where_the_pooler_admits_no_more_clients_it_is_unavailable(own_dsn: str, entropy: MemoryEntropy) -> None:
    async with pgbouncer(own_dsn, max_client_conn=1) as pooler:
        first, second = (Node(pooler.before(own_dsn), entropy, size=1) for _ in range(2))
        user = await store_user(first.catalog)
        with pytest.raises(Unavailable):
            await second.users.find_user(user.id)
        await first.database.close()
        await second.serves_again(user)
        await second.database.close()


async def test_requests_are_told_503_while_the_server_behind_the_pooler_is_away(own_server: OwnServer, valkey_url: str) -> None:
    dsn = await own_server.database()
    async with pgbouncer(dsn) as pooler:
        settings = Settings(catalog_dsn=pooler.before(dsn), redis_url=f"{valkey_url}?db=7", pooler="pgbouncer")
        async with running_application(settings) as application:
            caller = await application.api.sign_up()
            await own_server.stop()
            for answer in (await caller.get("/v1/sessions"), await caller.post("/v1/sessions", {"agent_id": "einstein"})):
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "1"), answer.text
            await own_server.start()

            async def served() -> bool:
                return (await caller.get("/v1/sessions")).status_code == 200

            await until(served, SOON)
            await caller.session()


def test_the_operators_file_is_what_runs(pooler: PgBouncer) -> None:
    assert "max_client_conn: 2000" in pooler.program.err
