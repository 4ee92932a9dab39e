"""What a Database does when it is kept waiting."""

import asyncio
import socket
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import bindparam, func, literal_column, select

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.connecting import connector
from adapters.postgres.database import Database
from adapters.postgres.shards import PostgresShards
from adapters.postgres.statement import Statement
from adapters.postgres.tables import SESSIONS
from domain.shared.errors import Unavailable
from tests.contracts.ports.shards.access import read_session
from tests.integration.postgres.waiting import SLEEP, WAIT, WAITING, Gate
from tests.support.builders import LATER
from tests.support.sharding import placed
from tests.support.storing import save_session, store_session

EVERYTHING = Statement(select(SESSIONS), "test.everything")
COUNTED_SLEEP = Statement(select(func.nextval(literal_column("'readings'")), func.pg_sleep(bindparam("seconds"))), "test.count")


@pytest.fixture
async def narrow(own_dsn: str) -> AsyncIterator[Database]:
    """A pool of two connections for which nobody waits long."""
    database = Database(own_dsn, name="narrow", size=2, patience=1.5)
    yield database
    await database.close()


@pytest.fixture
async def hasty(own_dsn: str) -> AsyncIterator[Database]:
    """A database whose statements may take half a second."""
    database = Database(own_dsn, name="hasty", patience=20, statement_timeout=0.5)
    yield database
    await database.close()


@pytest.fixture
def hasty_shards(hasty: Database, entropy: MemoryEntropy) -> PostgresShards:
    return PostgresShards(placed(hasty), entropy)


async def test_an_exhausted_pool_is_unavailable_and_gets_over_it(own_dsn: str, narrow: Database) -> None:
    async with Gate.closed(own_dsn) as gate:
        held = [asyncio.create_task(narrow.take(WAIT, **WAITING)) for _ in range(2)]
        await gate.holds(2)
        refused = await asyncio.gather(*(narrow.rows(EVERYTHING) for _ in range(20)), return_exceptions=True)
        assert {type(outcome) for outcome in refused} == {Unavailable}
        assert not any(task.done() for task in held)
        await gate.open()
        await asyncio.gather(*held)
    assert await narrow.rows(EVERYTHING) == []


async def test_a_caller_who_gives_up_leaves_the_pool_in_order(own_dsn: str, narrow: Database) -> None:
    async with Gate.closed(own_dsn) as gate:
        held = [asyncio.create_task(narrow.take(WAIT, **WAITING)) for _ in range(2)]
        await gate.holds(2)
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
    assert await asyncio.gather(*(narrow.rows(EVERYTHING) for _ in range(10))) == [[]] * 10


async def test_a_statement_that_takes_too_long_is_unavailable(hasty: Database) -> None:
    attempts = (hasty.rows(SLEEP, seconds=60), hasty.row(SLEEP, seconds=60), hasty.take(SLEEP, seconds=60))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    assert await hasty.rows(EVERYTHING) == []


async def test_a_reading_that_takes_too_long_is_not_made_again(own_dsn: str, hasty: Database) -> None:
    other = await asyncpg.connect(own_dsn)
    await other.execute("CREATE SEQUENCE readings")
    with pytest.raises(Unavailable):
        await hasty.rows(COUNTED_SLEEP, seconds=60)
    assert await other.fetchval("SELECT nextval('readings')") == 2
    await other.close()


@pytest.mark.parametrize("name", ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"])
async def test_the_server_knows_the_bounds_too(hasty: Database, name: str) -> None:
    setting = Statement(select(func.current_setting(bindparam("name")).label("value")), "test.setting")
    assert [dict(row) for row in await hasty.rows(setting, name=name)] == [{"value": "500ms"}]


@pytest.mark.parametrize(("name", "value"), [("tcp_keepalives_idle", "15"), ("tcp_user_timeout", "15000")])
async def test_the_server_looks_whether_we_are_still_there(hasty: Database, name: str, value: str) -> None:
    setting = Statement(select(func.current_setting(bindparam("name")).label("value")), "test.setting")
    assert [dict(row) for row in await hasty.rows(setting, name=name)] == [{"value": value}]


async def test_we_look_whether_the_server_is_still_there(own_dsn: str) -> None:
    connection = await connector(own_dsn, statement_timeout=5, pooler="none").connect()
    peer = connection._transport.get_extra_info("socket")
    assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 15
    assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000
    await connection.close()


async def test_a_commit_that_waits_too_long_for_a_row_is_unavailable_and_not_stored(
    own_dsn: str, hasty: Database, hasty_shards: PostgresShards
) -> None:
    session = await store_session(hasty_shards)
    other = await asyncpg.connect(own_dsn)
    async with other.transaction():
        await other.execute("SELECT FROM shard.sessions WHERE id = $1 FOR UPDATE", session.id)
        changed = await read_session(hasty_shards, session.owner_id, session.id)
        changed.retitle("Another", now=LATER)
        with pytest.raises(Unavailable):
            await save_session(hasty_shards, changed)
    await other.close()
    assert changed.version == 0
    assert await read_session(hasty_shards, session.owner_id, session.id) == session
    await save_session(hasty_shards, changed)


async def test_an_error_tells_no_address_and_no_password(narrow: Database) -> None:
    nowhere = Database("postgresql://someone:secret@127.0.0.1:1/nothing", name="nowhere")
    with pytest.raises(Unavailable) as failure:
        await nowhere.ping()
    assert failure.value.message == "The database nowhere gives no answer."
    await nowhere.close()
