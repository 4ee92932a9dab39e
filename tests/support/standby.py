"""A streaming replica of a test's server."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from adapters.embedded.cluster import binaries
from adapters.embedded.folder import DataFolder
from adapters.embedded.ordinary_user import ordinary_user
from adapters.embedded.postgres import EmbeddedPostgres
from tests.support.server_processes import Frozen
from tests.support.servers import FAST


class Standby:
    """Follows the server whose DSN it is made from; serves all of that server's databases."""

    def __init__(self, path: Path, source: str) -> None:
        self._folder, self._source = DataFolder(path), urlsplit(source)
        self._server: EmbeddedPostgres | None = None
        self._frozen = Frozen()
        self._conninfo = ""

    async def make(self) -> None:
        """Copy the source, and start."""
        (self._folder.part("secrets") / "postgres").write_text(self._source.password or "")
        copy = ["-D", str(self._folder.path / "postgres"), "-R", "-X", "stream", "-c", "fast", "-d", self._source.geturl()]
        process = await asyncio.create_subprocess_exec(
            *ordinary_user().prefix, str(binaries() / "pg_basebackup"), *copy, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE,
            env={**os.environ, "PGSSLMODE": "disable"},
        )
        _, said = await process.communicate()
        assert process.returncode == 0, said.decode()
        await self.start()
        self._conninfo = str(await self._run("SHOW primary_conninfo")).replace("'", "''")

    async def start(self) -> None:
        """Start it, on the port that it had."""
        port = None if self._server is None else urlsplit(self._server.dsn).port
        self._server = await EmbeddedPostgres.start(self._folder, port=port, settings=FAST)

    def dsn_of(self, dsn: str) -> str:
        """Return the address here of a database of the source."""
        assert self._server is not None
        return self._server.dsn_of(urlsplit(dsn).path.removeprefix("/"))

    async def kill(self) -> None:
        """End it as a power cut would."""
        assert self._server is not None
        self._server.kill()
        await self._server.stop()

    def freeze(self) -> None:
        """Let all its processes stand still: its connections stay open and nothing answers."""
        self._frozen.freeze(self._folder.path / "postgres")

    def thaw(self) -> None:
        """Let them go on."""
        self._frozen.thaw()

    async def pause(self) -> None:
        """Let it receive and not replay."""
        await self._run("SELECT pg_wal_replay_pause()")
        while await self._run("SELECT pg_get_wal_replay_pause_state()") != "paused":  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def resume(self) -> None:
        """Let it replay."""
        await self._run("SELECT pg_wal_replay_resume()")

    async def close(self) -> None:
        """Stop it and give its folder back."""
        if self._server is not None:
            await self._server.stop()
        self._folder.release()

    async def forget_source(self) -> None:
        """Cut it off from its source."""
        await self._run("ALTER SYSTEM SET primary_conninfo = ''")
        await self._run("SELECT pg_reload_conf()")
        while await self._run("SELECT count(*) FROM pg_stat_wal_receiver"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def follow_source(self) -> None:
        """Let it follow again as it was made to."""
        await self._run(f"ALTER SYSTEM SET primary_conninfo = '{self._conninfo}'")
        await self._run("SELECT pg_reload_conf()")

    async def _run(self, sql: str) -> object:
        assert self._server is not None
        connection = await asyncpg.connect(self._server.dsn_of("postgres"))
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()
