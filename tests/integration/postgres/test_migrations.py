import asyncio
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateSchema

from adapters.postgres.migrate import downgrade, revisions, upgrade
from adapters.postgres.migration_lock import MigrationProblem
from adapters.postgres.revisions import Stamp, Tree, current, head, stamp_of
from adapters.postgres.tables import CATALOG, SHARD
from tests.integration.postgres.shapes import shape_of, tables_of
from tests.support.later_revisions import EXPAND, LaterRevisions
from tests.support.servers import PostgresServer

both_trees = pytest.mark.parametrize("tree", ["catalog", "shard"])
METADATA: dict[Tree, MetaData] = {"catalog": CATALOG, "shard": SHARD}


def engine_of(dsn: str) -> AsyncEngine:
    return create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://"), poolclass=NullPool)


@both_trees
async def test_every_migration_goes_up_down_and_up_again(postgres: PostgresServer, tree: Tree) -> None:
    dsn = await postgres.empty_database()
    await upgrade(dsn, tree, revisions(tree)[0])
    await downgrade(dsn, tree, "base")
    shapes = {"base": await shape_of(dsn, tree)}
    assert shapes["base"] == set()
    for below, revision in zip(["base", *revisions(tree)], revisions(tree), strict=False):
        await upgrade(dsn, tree, revision)
        shapes[revision] = await shape_of(dsn, tree)
        assert shapes[revision] != shapes[below]
        await downgrade(dsn, tree, below)
        assert await shape_of(dsn, tree) == shapes[below]
        await upgrade(dsn, tree, revision)
        assert await shape_of(dsn, tree) == shapes[revision]
    assert await current(dsn, tree) == head(tree)


@both_trees
async def test_all_migrations_go_down_at_once(postgres: PostgresServer, tree: Tree) -> None:
    dsn = await postgres.database()
    await downgrade(dsn, tree, "base")
    assert await current(dsn, tree) is None
    assert await shape_of(dsn, tree) == set()


async def test_one_tree_does_not_touch_the_other(postgres: PostgresServer) -> None:
    dsn = await postgres.database()
    shape = await shape_of(dsn, "catalog")
    await downgrade(dsn, "shard", "base")
    assert await shape_of(dsn, "catalog") == shape
    assert await current(dsn, "catalog") == head("catalog")


@both_trees
async def test_alembic_finds_nothing_to_do_between_the_migrated_database_and_the_tables(shared_dsn: str, tree: Tree) -> None:
    def compare(connection: Connection) -> list[Any]:
        options = {
            "include_schemas": True, "include_name": lambda name, kind, parents: kind != "schema" or name == tree,
            "version_table_schema": tree, "compare_type": True, "compare_server_default": True,
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA[tree]))

    engine = engine_of(shared_dsn)
    async with engine.connect() as connection:
        assert await connection.run_sync(compare) == []
    await engine.dispose()


@both_trees
async def test_the_migrated_database_has_what_the_tables_would_make(
    postgres: PostgresServer, shared_dsn: str, tree: Tree
) -> None:
    dsn = await postgres.empty_database()
    engine = engine_of(dsn)
    async with engine.begin() as connection:
        await connection.execute(CreateSchema(tree))
        await connection.run_sync(METADATA[tree].create_all)
    await engine.dispose()
    made = await tables_of(dsn, tree)
    assert made
    assert await tables_of(shared_dsn, tree) == made


async def test_migrating_again_changes_nothing(own_dsn: str) -> None:
    connection = await asyncpg.connect(own_dsn)
    await connection.execute("INSERT INTO shard.outbox (id, kind, payload) VALUES ('event_1', 'Kind', '{}')")
    await upgrade(own_dsn, "shard")
    assert await connection.fetchval("SELECT count(*) FROM shard.outbox") == 1
    await connection.close()


async def test_many_who_migrate_several_databases_at_once_in_one_process_do_each_step_once(postgres: PostgresServer) -> None:
    databases = [await postgres.empty_database() for _ in range(2)]
    trees: list[Tree] = ["catalog", "shard"]
    await asyncio.gather(*(upgrade(dsn, tree) for dsn in databases for tree in trees for _ in range(3)))
    for dsn in databases:
        for tree in trees:
            assert await current(dsn, tree) == head(tree)
            assert await shape_of(dsn, tree) == await shape_of(databases[0], tree) != set()


async def test_three_nodes_that_migrate_one_database_at_once_take_turns(postgres: PostgresServer) -> None:
    dsn = await postgres.empty_database()
    program = (
        "import asyncio, sys; from adapters.postgres.migrate import upgrade\n"
        "for tree in ('catalog', 'shard'): asyncio.run(upgrade(sys.argv[1], tree))"
    )
    nodes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, dsn, stderr=asyncio.subprocess.PIPE)
        for _ in range(3)
    ]
    told = await asyncio.gather(*(node.communicate() for node in nodes))
    assert [node.returncode for node in nodes] == [0, 0, 0], told
    assert [await current(dsn, "catalog"), await current(dsn, "shard")] == [head("catalog"), head("shard")]


@both_trees
async def test_a_schema_of_a_later_release_is_left_alone(own_dsn: str, tree: Tree, tmp_path: Path) -> None:
    later = LaterRevisions(tmp_path / "later", tree)
    name = later.add_statements(*EXPAND[tree])
    await upgrade(own_dsn, tree, more=[later.folder])
    shape = await shape_of(own_dsn, tree)
    await upgrade(own_dsn, tree)
    assert (await current(own_dsn, tree), await shape_of(own_dsn, tree)) == (name, shape)
    with pytest.raises(MigrationProblem, match="newer"):
        await downgrade(own_dsn, tree, "base")
    assert await shape_of(own_dsn, tree) == shape


async def test_what_a_revision_requires_is_noted_until_it_is_undone(own_dsn: str, tmp_path: Path) -> None:
    later, newest = LaterRevisions(tmp_path / "later", "shard"), head("shard")
    contract = later.add_statements("ALTER TABLE shard.sessions DROP COLUMN title", requires=newest)
    expand = later.add_statements("CREATE TABLE shard.moods (id text PRIMARY KEY)")
    await upgrade(own_dsn, "shard", more=[later.folder])
    assert await stamp_of(own_dsn, "shard") == Stamp(expand, newest)
    await downgrade(own_dsn, "shard", contract, more=[later.folder])
    assert await stamp_of(own_dsn, "shard") == Stamp(contract, newest)
    await downgrade(own_dsn, "shard", newest, more=[later.folder])
    assert await stamp_of(own_dsn, "shard") == Stamp(newest)


async def test_a_revision_of_another_program_is_refused_and_left_alone(own_dsn: str) -> None:
    connection = await asyncpg.connect(own_dsn)
    await connection.execute("UPDATE shard.alembic_version SET version_num = 'ae1027a6acf'")
    await connection.close()
    shape = await shape_of(own_dsn, "shard")
    for change in (upgrade(own_dsn, "shard"), downgrade(own_dsn, "shard", "base")):
        with pytest.raises(MigrationProblem, match="ae1027a6acf"):
            await change
    assert (await current(own_dsn, "shard"), await shape_of(own_dsn, "shard")) == ("ae1027a6acf", shape)


async def test_a_database_that_alembic_has_migrated_is_taken_on(own_dsn: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(own_dsn)
    await connection.execute("ALTER TABLE shard.alembic_version DROP COLUMN requires")
    await connection.close()
    assert await stamp_of(own_dsn, "shard") == Stamp(head("shard"))
    later = LaterRevisions(tmp_path / "later", "shard")
    name = later.add_statements(*EXPAND["shard"])
    await upgrade(own_dsn, "shard", more=[later.folder])
    assert await stamp_of(own_dsn, "shard") == Stamp(name)
