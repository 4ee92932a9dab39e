"""Real servers for tests, from the same wheels that `onelast up` uses."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

from adapters.embedded.folder import DataFolder
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.migrate import upgrade

# What a crash of the whole machine would lose is of no interest to a test.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_TEMPLATE = "migrated"


class PostgresServer:
    """A running PostgreSQL that hands out databases with both trees migrated."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server
        self._making = asyncio.Lock()

    async def prepare(self) -> None:
        """Make the database that the others are copies of."""
        await self.empty_database(_TEMPLATE)
        for tree in ("catalog", "shard"):
            await upgrade(self.server.dsn_of(_TEMPLATE), tree)

    async def empty_database(self, name: str | None = None) -> str:
        """Return the DSN of a new database without any schema."""
        return await self._make(name or f"empty_{uuid4().hex}", "template1")

    async def database(self) -> str:
        """Return the DSN of a new, empty, migrated database."""
        return await self._make(f"test_{uuid4().hex}", _TEMPLATE)

    async def _make(self, name: str, template: str) -> str:
        async with self._making:
            connection = await asyncpg.connect(self.server.dsn_of("postgres"))
            try:
                await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
            finally:
                await connection.close()
        return self.server.dsn_of(name)


@asynccontextmanager
async def running_postgres(path: Path, settings: Mapping[str, str] = FAST) -> AsyncIterator[PostgresServer]:
    """Start a PostgreSQL in a folder of its own, prepared; stop it in the end."""
    folder = DataFolder(path)
    server = await EmbeddedPostgres.start(folder, settings=settings)
    try:
        prepared = PostgresServer(server)
        await prepared.prepare()
        yield prepared
    finally:
        await server.stop()
        folder.release()
