"""Migrations of a database that is in use: nobody is kept waiting, and what was interrupted is resumed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.postgres.migrate import upgrade
from adapters.postgres.migration_lock import LOCKS, MigrationProblem
from adapters.postgres.migration_steps import Patience
from adapters.postgres.revisions import current, head
from tests.support.later_revisions import LaterRevisions
from tests.support.processes import until

ADD_SESSION = """
INSERT INTO shard.sessions (id, owner_id, bucket, agent_id, metadata, head_seq, archived, created_at, updated_at, version)
SELECT 'session_' || lpad(n::text, 6, '0'), 'user_1', 1, 'agent_1', '{}', 0, false, now(), now(), 1 FROM generate_series(1, $1) n
"""
TOUCH = "UPDATE shard.sessions SET updated_at = now() WHERE id = 'session_000002'"
MOOD = ("ALTER TABLE shard.sessions ADD COLUMN mood text",)
INDEX = 'plan.create_index_concurrently("sessions_title_idx", "shard.sessions", "title")'


@pytest.fixture
def later(tmp_path: Path) -> LaterRevisions:
    return LaterRevisions(tmp_path / "later", "shard")


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def idle_transaction(dsn: str) -> AsyncIterator[Any]:
    """A transaction that has written a session and does nothing more."""
    async with connected(dsn) as connection:
        await connection.execute("BEGIN")
        await connection.execute("UPDATE shard.sessions SET updated_at = now() WHERE id = 'session_000001'")
        yield connection


async def is_valid(connection: Any, index: str) -> bool | None:
    valid: bool | None = await connection.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)", index)
    return valid


async def plant_invalid_index(dsn: str) -> None:
    """Interrupt the building of an index, as the death of whoever builds it does."""
    async with connected(dsn) as watching, idle_transaction(dsn):
        building = await asyncpg.connect(dsn)
        pid = building.get_server_pid()
        index = "CREATE INDEX CONCURRENTLY sessions_title_idx ON shard.sessions (title)"
        statement = asyncio.create_task(building.execute(index))

        async def waits() -> bool:
            return bool(await watching.fetchval("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1", pid))

        await until(waits)
        await watching.execute(f"SELECT pg_terminate_backend({pid}, 10000)")
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await statement
        assert await is_valid(watching, "shard.sessions_title_idx") is False


async def test_writers_pass_a_migration_that_waits_for_an_idle_transaction(own_dsn: str, later: LaterRevisions) -> None:
    name, order = later.add_statements(*MOOD), list[str]()
    async with connected(own_dsn) as writer, connected(own_dsn) as watching:
        await writer.execute(ADD_SESSION, 2)

        async def someone_stood_behind_it() -> bool:
            """Write once more, and tell whether the migration stood in the writer's way."""
            writing = asyncio.create_task(writer.execute(TOUCH))
            blocked = False
            while not writing.done():
                blockers = "SELECT cardinality(pg_blocking_pids($1)) > 0"
                blocked = bool(await watching.fetchval(blockers, writer.get_server_pid())) or blocked
            await writing
            order.append("written")
            return blocked

        async with idle_transaction(own_dsn) as idle:
            migrating = asyncio.create_task(upgrade(own_dsn, "shard", more=[later.folder], tell=order.append))
            migrating.add_done_callback(lambda _: order.append("migrated"))
            await until(someone_stood_behind_it)
            await until(someone_stood_behind_it)
            assert "migrated" not in order
            order.append("the transaction ends")
            await idle.execute("COMMIT")
            await migrating
        assert "a lock that it needs is held by others; trying again" in order
        assert order.index("written") < order.index("the transaction ends") < order.index("migrated")
        assert await writer.fetchval("SELECT count(mood) FROM shard.sessions") == 0
    assert await current(own_dsn, "shard") == name


async def test_a_migration_that_gets_no_lock_gives_up_and_leaves_nothing_behind(own_dsn: str, later: LaterRevisions) -> None:
    later.add_statements("CREATE TABLE shard.moods (id text PRIMARY KEY)", *MOOD)
    async with connected(own_dsn) as connection:
        await connection.execute(ADD_SESSION, 1)
        async with idle_transaction(own_dsn):
            with pytest.raises(MigrationProblem, match="lock could not be had"):
                await upgrade(own_dsn, "shard", more=[later.folder], patience=Patience(locks=0.5))
        assert await connection.fetchval("SELECT to_regclass('shard.moods')") is None
    assert await current(own_dsn, "shard") == head("shard")


async def test_a_statement_that_fails_leaves_nothing_of_its_revision_and_all_of_those_before(
    own_dsn: str, later: LaterRevisions
) -> None:
    first = later.add_statements("CREATE TABLE shard.moods (id text PRIMARY KEY)")
    later.add_statements("CREATE TABLE shard.more (id text)", "ALTER TABLE shard.nobody ADD COLUMN mood text")
    with pytest.raises(asyncpg.UndefinedTableError):
        await upgrade(own_dsn, "shard", more=[later.folder])
    assert await current(own_dsn, "shard") == first
    async with connected(own_dsn) as connection:
        assert await connection.fetchval("SELECT to_regclass('shard.more')") is None


async def test_what_an_interruption_left_of_an_index_is_dropped_and_built_again(own_dsn: str, later: LaterRevisions) -> None:
    name = later.add(INDEX)
    async with connected(own_dsn) as connection:
        await connection.execute(ADD_SESSION, 3)
        await plant_invalid_index(own_dsn)
        await upgrade(own_dsn, "shard", more=[later.folder])
        assert await is_valid(connection, "shard.sessions_title_idx") is True
        assert await connection.fetchval("SELECT count(*) FROM pg_class WHERE relname LIKE 'sessions_title_idx%'") == 1
    assert await current(own_dsn, "shard") == name


async def test_an_index_that_was_finished_before_the_interruption_is_kept(own_dsn: str, later: LaterRevisions) -> None:
    later.add(INDEX)
    async with connected(own_dsn) as connection:
        await connection.execute("CREATE INDEX sessions_title_idx ON shard.sessions (title)")
        before = await connection.fetchval("SELECT 'shard.sessions_title_idx'::regclass::oid")
        await upgrade(own_dsn, "shard", more=[later.folder])
        assert await connection.fetchval("SELECT 'shard.sessions_title_idx'::regclass::oid") == before


async def test_an_index_is_built_while_others_wait_to_migrate_as_well(own_dsn: str, later: LaterRevisions) -> None:
    later.add(INDEX)
    told = list[str]()
    async with connected(own_dsn) as connection:
        await connection.execute(ADD_SESSION, 1)
        async with idle_transaction(own_dsn) as idle:
            all_three = asyncio.gather(
                *(upgrade(own_dsn, "shard", more=[later.folder], tell=told.append) for _ in range(3))
            )

            async def two_wait_and_the_third_builds() -> bool:
                return len(told) == 2 and await is_valid(connection, "shard.sessions_title_idx") is False

            await until(two_wait_and_the_third_builds)
            await idle.execute("COMMIT")
        await all_three
        assert await is_valid(connection, "shard.sessions_title_idx") is True
    assert all("another migration of it is running" in words for words in told)


async def test_who_waits_for_another_migration_gives_up_in_the_end(own_dsn: str, later: LaterRevisions) -> None:
    later.add_statements(*MOOD)
    async with connected(own_dsn) as other:
        await other.execute("SELECT pg_advisory_lock($1)", LOCKS["shard"])
        with pytest.raises(MigrationProblem, match="another migration of it has been running"):
            await upgrade(own_dsn, "shard", more=[later.folder], patience=Patience(others=0))
    assert await current(own_dsn, "shard") == head("shard")


async def test_a_migration_stops_when_the_connection_with_its_lock_is_lost(own_dsn: str, later: LaterRevisions) -> None:
    later.add_statements(*MOOD)
    here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    holder = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1::bigint::oid AND granted AND {here}"
    async with connected(own_dsn) as connection:
        await connection.execute(ADD_SESSION, 1)
        async with idle_transaction(own_dsn):
            migrating = asyncio.create_task(upgrade(own_dsn, "shard", more=[later.folder]))

            async def killed() -> bool:
                pid = await connection.fetchval(holder, LOCKS["shard"])
                return pid is not None and bool(await connection.fetchval("SELECT pg_terminate_backend($1, 10000)", pid))

            await until(killed)
            with pytest.raises(MigrationProblem, match="was lost"):
                await migrating
    assert await current(own_dsn, "shard") == head("shard")


async def test_rows_are_changed_in_batches_and_those_that_are_done_are_left_alone(own_dsn: str, later: LaterRevisions) -> None:
    later.add_statements(*MOOD)
    name = later.add(
        'plan.in_batches("shard.sessions", key="id", change="mood = \'calm\'", where="mood IS NULL", size=100)',
    )
    async with connected(own_dsn) as connection:
        await connection.execute(ADD_SESSION, 1050)
        await upgrade(own_dsn, "shard", f"shard_{int(name[-4:]) - 1:04d}", more=[later.folder])
        await connection.execute("UPDATE shard.sessions SET mood = 'sad' WHERE id > 'session_001000'")
        async with idle_transaction(own_dsn) as idle:
            told = list[str]()
            migrating = asyncio.create_task(upgrade(own_dsn, "shard", more=[later.folder], tell=told.append))

            async def waits_for_the_row() -> bool:
                return bool(told)

            await until(waits_for_the_row)
            await idle.execute("COMMIT")
            await migrating
        moods = "SELECT mood, count(*) AS many, count(DISTINCT xmin::text) AS batches FROM shard.sessions GROUP BY 1 ORDER BY 1"
        assert [tuple(row) for row in await connection.fetch(moods)] == [("calm", 1000, 10), ("sad", 50, 1)]
    assert await current(own_dsn, "shard") == name


async def test_a_constraint_is_added_without_looking_and_looked_through_later(own_dsn: str, later: LaterRevisions) -> None:
    later.add_statements("ALTER TABLE shard.sessions ADD CONSTRAINT sessions_head_check CHECK (head_seq >= 0) NOT VALID")
    later.add('plan.validate_constraint("shard.sessions", "sessions_head_check")')
    await upgrade(own_dsn, "shard", more=[later.folder])
    async with connected(own_dsn) as connection:
        assert await connection.fetchval("SELECT convalidated FROM pg_constraint WHERE conname = 'sessions_head_check'") is True


async def test_a_plain_statement_is_bounded_after_an_online_one_that_was_not(own_dsn: str, later: LaterRevisions) -> None:
    later.add(INDEX)
    settings = "current_setting('lock_timeout') AS l, current_setting('statement_timeout') AS s"
    later.add_statements(f"CREATE TABLE shard.seen AS SELECT {settings}")
    await upgrade(own_dsn, "shard", more=[later.folder])
    async with connected(own_dsn) as connection:
        assert tuple(await connection.fetchrow("SELECT l, s FROM shard.seen")) == ("200ms", "10s")
