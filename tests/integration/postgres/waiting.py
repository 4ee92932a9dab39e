"""Statements that wait until a test lets them go on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
from sqlalchemy import BigInteger, bindparam, func, select

from adapters.postgres.statement import Statement

_KEY: Final = 18
WAIT: Final = Statement(select(func.pg_advisory_xact_lock(bindparam("key", type_=BigInteger)).label("waited")), "test.wait")
WAITING: Final = {"key": _KEY}
SLEEP: Final = Statement(select(func.pg_sleep(bindparam("seconds")).label("slept")), "test.sleep")
_STUCK: Final = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = $1::oid"


class Gate:
    """Holds whoever runs WAIT with WAITING in this database, until it is opened."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def closed(cls, dsn: str) -> AsyncIterator["Gate"]:
        """Yield a closed gate."""
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", _KEY)
            yield cls(connection)
        finally:
            await connection.close()

    async def holds(self, count: int = 1) -> list[int]:
        """Wait until so many are held; return their backends' numbers."""
        oid = await self._connection.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
        async with asyncio.timeout(30):
            while len(stuck := await self._connection.fetch(_STUCK, oid)) < count:  # noqa: ASYNC110  (nobody tells us)
                await asyncio.sleep(0.01)
        return [row["pid"] for row in stuck]

    async def open(self) -> None:
        """Let them all go on."""
        await self._connection.execute("SELECT pg_advisory_unlock($1)", _KEY)

    async def cut(self, pids: list[int]) -> None:
        """End the connections of these backends."""
        for pid in pids:
            await self._connection.execute("SELECT pg_terminate_backend($1, 10000)", pid)
