"""The embedded PostgreSQL, over real starts, stops and kills."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from adapters.embedded.folder import EmbeddedProblem
from adapters.embedded.postgres import EmbeddedPostgres
from tests.integration.embedded.holding import data_folder, descendants, gone, holding, names_in, until


@asynccontextmanager
async def running(path: Path, **named: int) -> AsyncIterator[EmbeddedPostgres]:
    with data_folder(path) as folder:
        server = await EmbeddedPostgres.start(folder, **named)
        try:
            yield server
        finally:
            await server.stop()


async def execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def kept(dsn: str) -> list[int]:
    connection = await asyncpg.connect(dsn)
    numbers = [row[0] for row in await connection.fetch("SELECT number FROM kept ORDER BY number")]
    await connection.close()
    return numbers


async def test_data_are_kept_over_a_stop_and_a_start(path: Path) -> None:
    async with running(path) as server:
        await execute(server.dsn, "CREATE TABLE kept (number int)", "INSERT INTO kept VALUES (1), (2)")
    async with running(path) as server:
        assert await kept(server.dsn) == [1, 2]


async def test_a_stop_leaves_the_data_behind_and_nothing_else(path: Path) -> None:
    before = descendants()
    async with running(path):
        started = descendants() - before
        assert started
    await gone(started)
    assert names_in(path) == ["lock", "logs", "postgres", "secrets"]
    assert "postmaster.pid" not in names_in(path / "postgres")


async def test_it_lets_nobody_in_without_the_password(path: Path) -> None:
    async with running(path) as server:
        password = (path / "secrets" / "postgres").read_text()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.dsn.replace(password, "guess"))


async def test_a_server_that_was_killed_comes_back_with_what_was_committed(path: Path) -> None:
    async with running(path) as server:
        await execute(server.dsn, "CREATE TABLE kept (number int)", "INSERT INTO kept VALUES (1)")
        server.kill()
    async with running(path) as server:
        assert await kept(server.dsn) == [1]


async def test_a_server_waits_until_what_is_left_of_a_killed_one_has_ended(path: Path) -> None:
    async with running(path) as server:
        connection = await asyncpg.connect(server.dsn)
        left = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
        left.suspend()
        server.kill()
        connection.terminate()
    starting = asyncio.create_task(started_and_stopped(path))
    await until(lambda: "pre-existing shared memory block" in (path / "logs" / "postgres.log").read_text())
    assert not starting.done()
    left.kill()
    await starting


async def started_and_stopped(path: Path) -> None:
    async with running(path):
        pass


async def test_a_killed_parent_leaves_no_server_and_all_that_was_committed(path: Path) -> None:
    async with holding("postgres", path) as parent:
        servers = parent.servers()
        await execute(parent.said, "CREATE TABLE kept (number int)", "INSERT INTO kept VALUES (1)")
        unfinished = await asyncpg.connect(parent.said)
        await unfinished.execute("BEGIN; INSERT INTO kept VALUES (2)")
        await parent.kill()
        await gone(servers)
        unfinished.terminate()
        assert len(servers) > 1
    async with running(path) as server:
        assert await kept(server.dsn) == [1]


async def test_the_next_process_starts_at_once_after_a_killed_one(path: Path) -> None:
    async with holding("postgres", path) as parent:
        await execute(parent.said, "CREATE TABLE kept (number int)", "INSERT INTO kept VALUES (1)")
        await parent.kill()
        async with running(path) as server:
            assert await kept(server.dsn) == [1]


async def test_a_start_that_is_given_up_while_the_data_are_made_leaves_nothing_running(path: Path) -> None:
    before = descendants()
    with data_folder(path) as folder:
        starting = asyncio.create_task(EmbeddedPostgres.start(folder))
        await until(lambda: any(name.startswith("postgres.new.") for name in names_in(path)))
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await gone(descendants() - before)
    async with running(path) as server:
        await execute(server.dsn, "SELECT 1")
    assert names_in(path) == ["lock", "logs", "postgres", "secrets"]


async def test_a_port_that_is_taken_is_told(path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(EmbeddedProblem, match=r"PostgreSQL ended with status 1: .*could not"):
            async with running(path, port=taken.getsockname()[1]):
                pass


async def test_data_whose_password_was_lost_are_told(path: Path) -> None:
    async with running(path):
        (path / "secrets" / "postgres").unlink()
    with pytest.raises(EmbeddedProblem, match="PostgreSQL does not let us in: password authentication failed"):
        async with running(path):
            pass


async def test_data_of_another_release_are_refused_and_stay_as_they_are(path: Path) -> None:
    data = path / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedProblem, match=r"are of PostgreSQL 17; this onelast brings PostgreSQL 18\."):
        async with running(path):
            pass
    assert names_in(data) == ["PG_VERSION"]


async def test_a_folder_that_holds_something_else_is_refused(path: Path) -> None:
    (path / "postgres").mkdir(parents=True)
    with pytest.raises(EmbeddedProblem, match=r"holds no PostgreSQL data \(No such file or directory\); move it away\."):
        async with running(path):
            pass
