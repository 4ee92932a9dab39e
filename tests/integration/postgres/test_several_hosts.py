"""A DSN with several hosts, and connections that lead to a server which takes no writes any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import column, insert, table

from adapters.embedded.child import free_port
from adapters.postgres.database import Database
from adapters.postgres.primary import NoPrimary, Primary, dsns_of
from adapters.postgres.statement import Statement
from domain.shared.errors import Unavailable
from tests.integration.postgres.conftest import PATIENCE
from tests.integration.postgres.waiting import WAIT, WAITING, Gate
from tests.support.fault_proxy import FaultProxy

ADD = Statement(insert(table("written", column("one"))).values(one=1), "test.add")
_READ_ONLY = "ALTER DATABASE {} SET default_transaction_read_only = {}"


def by_way_of(dsn: str, *ports: int) -> str:
    """Return the DSN with other ports of this machine as its hosts."""
    address = urlsplit(dsn)
    user = address.netloc.rpartition("@")[0]
    return address._replace(netloc=f"{user}@{','.join(f'127.0.0.1:{port}' for port in ports)}").geturl()


def port_of(dsn: str) -> int:
    port = urlsplit(dsn).port
    assert port is not None
    return port


@asynccontextmanager
async def silent_port(dsn: str) -> AsyncIterator[int]:
    """Yield a port where whoever connects is never answered."""
    async with FaultProxy.before(port_of(dsn)) as proxy:
        proxy.silent = True
        yield proxy.port


@asynccontextmanager
async def counting_port(port: int) -> AsyncIterator[list[int]]:
    """Listen on a port, and yield who has called."""
    calls: list[int] = []

    async def answer(_: asyncio.StreamReader, caller: asyncio.StreamWriter) -> None:
        calls.append(port)
        caller.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port):
        yield calls


async def own_table(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE written (one int)")
    await connection.close()


async def set_read_only(dsn: str, word: str) -> None:
    """Let connections to come be those of a server that takes no writes, or of one that does."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET default_transaction_read_only = off")
    await connection.execute(_READ_ONLY.format(urlsplit(dsn).path[1:], word))
    await connection.close()


async def open_connections(dsn: str, database: Database, count: int) -> None:
    """Have so many connections open and idle."""
    async with Gate.closed(dsn) as gate:
        waiting = [asyncio.create_task(database.rows(WAIT, **WAITING)) for _ in range(count)]
        await gate.holds(count)
        await gate.open()
        await asyncio.gather(*waiting)
    assert database.pool.open == count


def test_each_host_has_a_dsn_of_its_own() -> None:
    dsn = "postgresql://u:a,b%40@one:1,two,[::1]:3/db?sslmode=require"
    assert [one.removeprefix("postgresql://u:a,b%40@") for one in dsns_of(dsn)] == [
        "one:1/db?sslmode=require", "two/db?sslmode=require", "[::1]:3/db?sslmode=require"
    ]
    assert dsns_of("postgresql:///db?host=/a,/b") == ("postgresql:///db?host=/a,/b",)


async def test_hosts_that_are_dead_or_silent_are_passed_over(own_dsn: str) -> None:
    async with silent_port(own_dsn) as first, silent_port(own_dsn) as second:
        database = Database(by_way_of(own_dsn, first, free_port(), second, port_of(own_dsn)), name="many")
        await database.ping()
        await database.close()


async def test_a_host_that_becomes_the_primary_is_found_while_another_is_silent(own_dsn: str) -> None:
    dead = free_port()
    async with silent_port(own_dsn) as silent:
        connecting = asyncio.create_task(Primary(by_way_of(own_dsn, silent, dead), timeout=60).connect())
        await asyncio.sleep(0.5)
        async with FaultProxy.before(port_of(own_dsn), dead):
            await (await connecting).close()


async def test_the_host_that_was_the_primary_is_asked_first_from_then_on(own_dsn: str) -> None:
    dead = free_port()
    primary = Primary(by_way_of(own_dsn, dead, port_of(own_dsn)), timeout=20)
    await (await primary.connect()).close()
    async with counting_port(dead) as calls:
        await (await primary.connect()).close()
    assert calls == []


async def test_a_host_that_fell_silent_is_left_for_another_also_when_it_speaks_again(own_dsn: str) -> None:
    async with FaultProxy.before(port_of(own_dsn)) as first, FaultProxy.before(port_of(own_dsn)) as second:
        database = Database(by_way_of(own_dsn, first.port, second.port), name="two", statement_timeout=0.5, patience=PATIENCE)
        await database.ping()
        first.silent = True
        with pytest.raises(Unavailable):
            await database.ping()
        first.silent = False
        await database.ping()
        first.silent = True
        await database.ping()
        await database.close()


async def test_a_late_loss_of_an_old_connection_is_not_held_against_the_new_host(own_dsn: str) -> None:
    async with FaultProxy.before(port_of(own_dsn)) as first, FaultProxy.before(port_of(own_dsn)) as second:
        primary = Primary(by_way_of(own_dsn, first.port, second.port), timeout=20)
        early, late = await primary.connect(), await primary.connect()
        primary.doubt(early)
        connections = [early, late, await primary.connect()]
        primary.doubt(late)
        connections.append(await primary.connect())
        second.cut()
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await connections[-1].fetchval("SELECT 1")
        assert await early.fetchval("SELECT 1") == 1
        for connection in connections:
            connection.terminate()


async def test_when_no_host_is_a_primary_none_is_asked_for_a_moment_and_no_address_told() -> None:
    ports = free_port(), free_port()
    primary = Primary(by_way_of("postgresql://u:sesame@host/db", *ports), timeout=20)
    with pytest.raises(NoPrimary, match="none of its 2 hosts") as refused:
        await primary.connect()
    assert not [word for word in ("sesame", "127.0.0.1", *map(str, ports)) if word in str(refused.value)]
    async with counting_port(ports[0]) as calls, counting_port(ports[1]):
        with pytest.raises(NoPrimary):
            await primary.connect()
        assert calls == []
        while not calls:
            with pytest.raises(NoPrimary):
                await primary.connect()
            await asyncio.sleep(0.02)


async def test_a_wrong_password_is_told_as_such(own_dsn: str) -> None:
    dsn = by_way_of("postgresql://onelast:wrong@host/onelast", free_port(), port_of(own_dsn))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await Primary(dsn, timeout=20).connect()


async def test_a_write_refused_by_a_read_only_server_is_made_once_by_a_new_connection(own_dsn: str) -> None:
    await own_table(own_dsn)
    database = Database(own_dsn, name="own", size=3, patience=PATIENCE)
    await set_read_only(own_dsn, "on")
    await open_connections(own_dsn, database, 3)
    with pytest.raises(Unavailable):
        await database.take(ADD)
    assert database.pool.open == 0
    await open_connections(own_dsn, database, 3)
    await set_read_only(own_dsn, "off")
    await database.take(ADD)
    assert database.pool.open == 1
    reader = await asyncpg.connect(own_dsn)
    assert await reader.fetchval("SELECT count(*) FROM written") == 1
    await reader.close()
    await database.close()


async def test_busy_connections_to_a_lost_server_go_when_they_come_back(own_dsn: str) -> None:
    database = Database(own_dsn, name="own", size=3, patience=PATIENCE)
    async with Gate.closed(own_dsn) as gate:
        unlucky = asyncio.create_task(database.take(WAIT, **WAITING))
        backends = await gate.holds()
        lucky = asyncio.create_task(database.take(WAIT, **WAITING))
        await gate.holds(2)
        await gate.cut(backends)
        with pytest.raises(Unavailable):
            await unlucky
        assert database.pool.open == 1
        await gate.open()
        await lucky
    assert database.pool.open == 0
    await database.ping()
    assert database.pool.open == 1
    await database.close()


async def test_idle_connections_go_with_one_that_the_server_ended(own_dsn: str) -> None:
    database = Database(own_dsn, name="own", size=3, patience=PATIENCE)
    await open_connections(own_dsn, database, 3)
    async with Gate.closed(own_dsn) as gate:
        writing = asyncio.create_task(database.take(WAIT, **WAITING))
        await gate.cut(await gate.holds())
        with pytest.raises(Unavailable):
            await writing
    assert database.pool.open == 0
    await database.close()
