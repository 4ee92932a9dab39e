"""Migrations want a direct connection; through a PgBouncer in transaction mode they still take turns and leave no lock behind."""

import asyncio
from pathlib import Path

import asyncpg

from adapters.postgres.migrate import upgrade
from adapters.postgres.revisions import Tree, current, head
from tests.support.later_revisions import EXPAND, LaterRevisions
from tests.support.pgbouncer import PgBouncer
from tests.support.servers import PostgresServer

LOCKS_LEFT = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = $1"


async def test_two_migrations_through_a_pooler_take_turns(postgres: PostgresServer, pooler: PgBouncer, tmp_path: Path) -> None:
    dsn = await postgres.empty_database()
    trees: tuple[Tree, ...] = ("catalog", "shard")
    for tree in trees:
        later = LaterRevisions(tmp_path / tree, tree)
        name = later.add_statements(*EXPAND[tree])
        await asyncio.gather(*(upgrade(pooler.before(dsn), tree, more=[later.folder]) for _ in range(2)))
        assert await current(pooler.before(dsn), tree) == await current(dsn, tree) == name > head(tree)
    connection = await asyncpg.connect(dsn)
    database = await connection.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
    assert await connection.fetchval(LOCKS_LEFT, database) == 0
    await connection.close()
