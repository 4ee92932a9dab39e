"""Migrations of the two trees, catalog and shard, with Alembic.

Each tree has its own version table in its own schema, so that both may live in one database. Migrating is safe to do from several
nodes at once: they take turns by an advisory lock. In one process all migrations take turns, whatever they migrate.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from adapters.postgres.revisions import FOLDER, Tree

_LOCK: Final = {"catalog": 5_261_001, "shard": 5_261_002}
_turn: Final = asyncio.Lock()  # Alembic keeps the migration that runs in globals of its modules


async def upgrade(dsn: str, tree: Tree, revision: str = "head") -> None:
    """Bring the tree up to `revision`; nothing happens when it is there already."""
    await _run(dsn, tree, lambda connection: command.upgrade(_config(tree, connection), revision))


async def downgrade(dsn: str, tree: Tree, revision: str) -> None:
    """Bring the tree down to `revision` ("base": nothing left but the schema); data of what is dropped are lost."""
    await _run(dsn, tree, lambda connection: command.downgrade(_config(tree, connection), revision))


def revisions(tree: Tree) -> list[str]:
    """Return all revisions, oldest first."""
    return [script.revision for script in _scripts(tree).walk_revisions()][::-1]


def _scripts(tree: Tree) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(tree, None))


def _config(tree: Tree, connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("version_locations", str(FOLDER / tree))
    config.set_main_option("path_separator", "os")
    config.attributes |= {"connection": connection, "schema": tree}
    return config


async def _run(dsn: str, tree: Tree, work: Callable[[Connection], Any]) -> None:
    async with _connected(dsn) as connection:
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK[tree]})
        await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{tree}"'))
        await connection.execute(text("SET lock_timeout = '5s'"))
        await connection.commit()
        async with _turn:
            await connection.run_sync(work)


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[AsyncConnection]:
    async def connect() -> Any:
        return await asyncpg.connect(dsn, timeout=10)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()
