"""One migration of a tree at a time, whoever starts it and from wherever.

The lock is an advisory one, held by a transaction on a connection of its own: so it works through a PgBouncer in transaction mode
too, and goes with its holder. Who waits asks again and again instead of queueing up, and the holder's sign of life is a SHOW: a
statement with a snapshot, waiting or not, could hold up CREATE INDEX CONCURRENTLY for ever.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeAlias

import asyncpg

from adapters.postgres.primary import Primary
from adapters.postgres.revisions import Tree

LOCKS: Final = {"catalog": 5_261_001, "shard": 5_261_002}
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_CONNECT_SECONDS: Final = 10.0
_SIGN_OF_LIFE: Final = "SHOW lock_timeout"
_SIGN_OF_LIFE_SECONDS: Final = 5.0
_NO_LIMITS: Final = (
    "SELECT set_config(name, '0', true) FROM pg_settings"
    " WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"
)


class MigrationProblem(Exception):
    """A migration cannot be made now; the message says why, to follow a colon."""


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    """Open a connection that keeps no statements, and close it within seconds."""
    settings = {"application_name": "onelast migrate"}
    connection = await Primary(dsn, timeout=_CONNECT_SECONDS, statement_cache_size=0, server_settings=settings).connect()
    try:
        yield connection
    finally:
        with suppress(Exception):
            await connection.close(timeout=_SIGN_OF_LIFE_SECONDS)
        connection.terminate()


async def alone(dsn: str, tree: Tree, limit: float, tell: Callable[[str], None], work: Coroutine[Any, Any, None]) -> None:
    """Do the work while nobody else migrates the tree; MigrationProblem after `limit` seconds, or if the lock is lost."""
    try:
        async with connected(dsn) as connection:
            await _take(connection, LOCKS[tree], limit, tell)
            await _while_it_lives(connection, work)
            await connection.execute("ROLLBACK")
    finally:
        work.close()


async def _take(connection: Connection, key: int, limit: float, tell: Callable[[str], None]) -> None:
    loop = asyncio.get_running_loop()
    deadline, told = loop.time() + limit, False
    while not await _taken(connection, key):
        if loop.time() > deadline:
            raise MigrationProblem(f"another migration of it has been running for more than {limit:.0f} seconds")
        if not told:
            tell(f"another migration of it is running; waiting up to {limit:.0f} seconds for it")
            told = True
        await asyncio.sleep(random.uniform(0.1, 0.5))  # noqa: S311


async def _taken(connection: Connection, key: int) -> bool:
    await connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
    await connection.fetch(_NO_LIMITS)
    if await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", key):
        await connection.execute(_SIGN_OF_LIFE)  # until another statement comes, the last one keeps its snapshot
        return True
    await connection.execute("ROLLBACK")
    return False


async def _while_it_lives(connection: Connection, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, and cut it off when the connection that holds the lock gives no sign of life."""
    working, watching = asyncio.create_task(work), asyncio.create_task(_watch(connection))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise MigrationProblem("the connection that kept others from migrating it was lost")
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.wait({working, watching})
    working.result()


async def _watch(connection: Connection) -> None:
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        while True:
            await asyncio.sleep(_SIGN_OF_LIFE_SECONDS)
            await connection.execute(_SIGN_OF_LIFE, timeout=_SIGN_OF_LIFE_SECONDS)
