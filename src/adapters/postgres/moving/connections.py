"""The connections of a move: sessions of its own, for advisory locks, snapshots and transactions."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import asyncpg

from adapters.postgres.connecting import SERVERS_KEEPALIVE, WatchedConnection
from adapters.postgres.moving.problems import MoveProblem, Unreachable
from adapters.postgres.primary import Primary

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
APPLICATION_NAME: Final = "onelast shards"
MOVER_LOCK: Final = 5_261_004
SIDE_LOCK: Final = 5_261_005
_CONNECT_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 5.0
# Rows are compared as text, so both ends must write them alike; a move that waits is not to be thrown out.
_SETTINGS: Final = {
    "application_name": APPLICATION_NAME, "timezone": "UTC", "datestyle": "ISO", "intervalstyle": "postgres",
    "bytea_output": "hex", "extra_float_digits": "1", "synchronous_commit": "on", "onelast.mover": "on", "jit": "off",
    "statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0", "idle_session_timeout": "0",
    **SERVERS_KEEPALIVE,
}
NOT_HAD: Final = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, asyncpg.QueryCanceledError)


@dataclass(frozen=True, slots=True)
class Sides:
    """The catalog and the two shards.

    `address` is the source's as the target reaches it, `snapshots` opens one more on the target.
    """

    catalog: Connection
    source: Connection
    target: Connection
    address: str
    snapshots: Callable[[], Awaitable[Connection]]


async def connect(dsn: str, name: str) -> Connection:
    """Open a connection; Unreachable."""
    primary = Primary(
        dsn, timeout=_CONNECT_SECONDS, statement_cache_size=0, server_settings=_SETTINGS, connection_class=WatchedConnection
    )
    try:
        return cast("Connection", await primary.connect())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError) as error:
        raise Unreachable(name) from error


@asynccontextmanager
async def connected(dsn: str, name: str) -> AsyncIterator[Connection]:
    """Open a connection and close it within seconds; Unreachable."""
    connection = await connect(dsn, name)
    try:
        yield connection
    finally:
        await let_go(connection)


async def let_go(connection: Connection) -> None:
    """Close it, whatever the server does."""
    with suppress(Exception):
        await connection.close(timeout=_CLOSE_SECONDS)
    connection.terminate()


async def database_of(connection: Connection) -> tuple[int, str]:
    """Return what tells a database from all others: the number of its server's data, and its name."""
    row = await connection.fetchrow(
        "SELECT (SELECT system_identifier FROM pg_control_system()) AS system, current_database()::text AS name"
    )
    assert row is not None
    return row["system"], row["name"]


async def take_lock(connection: Connection, key: int, within: float) -> None:
    """Be the only mover on this database for as long as the connection lives; MoveProblem if somebody else is."""
    deadline = asyncio.get_running_loop().time() + within
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", key):
        if asyncio.get_running_loop().time() > deadline:
            raise MoveProblem("Another `onelast shards` is at work; wait for it, or stop it.")
        await asyncio.sleep(0.1)


async def patiently(connection: Connection, statement: str, *, short: float, within: float) -> None:
    """Run what needs a lock on a table, waiting for it so briefly that nobody queues up behind, again and again."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{round(short * 1000)}ms'")
                await connection.execute(statement)
        except NOT_HAD:
            if asyncio.get_running_loop().time() > deadline:
                raise MoveProblem(
                    f"A table of a shard was not free for a moment within {within:.0f} s:"
                    " is there a transaction that does not end?"
                ) from None
            await asyncio.sleep(random.uniform(0.05, 0.5))  # noqa: S311
        else:
            return
