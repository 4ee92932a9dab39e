"""A PostgreSQL of a module's own, to be stopped, killed and frozen; it comes back under the same address."""

import asyncio
import subprocess
from pathlib import Path

import psutil

from adapters.embedded.child import free_port
from adapters.embedded.folder import DataFolder
from adapters.embedded.postgres import EmbeddedPostgres
from tests.support.server_processes import Frozen, processes_of
from tests.support.servers import PostgresServer

# A commit that was acknowledged survives the server's death here, if not the machine's.
_SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_preload_libraries": "pg_stat_statements"}


class OwnServer:
    """Counts statements; `database` hands out migrated databases."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = DataFolder(folder), free_port()
        self._frozen = Frozen()
        self._runs = False

    async def start(self) -> None:
        """Start it, for the first time or again."""
        self._server = await EmbeddedPostgres.start(self._folder, port=self._port, settings=_SETTINGS)
        self._runs = True

    async def prepare(self) -> None:
        """Make what `database` copies."""
        await PostgresServer(self._server).prepare()

    async def start_as(self, pattern: Path) -> None:
        """Start it for the first time, prepared, on a copy of a pattern's data; all copies have one system identifier."""
        for part in ("postgres", "secrets"):
            await asyncio.to_thread(_copy, pattern / part, self._folder.path)
        await self.start()

    async def database(self) -> str:
        """Return the DSN of a migrated database of a test's own."""
        return await PostgresServer(self._server).database()

    def dsn_of(self, database: str) -> str:
        """Return the address of a database of this server."""
        return self._server.dsn_of(database)

    async def stop(self) -> None:
        """Stop it in good order, or what is left of it."""
        await self._server.stop()
        self._runs = False

    async def kill(self) -> None:
        """End all its processes at once."""
        processes = processes_of(self._folder.path / "postgres")
        for process in processes:
            process.kill()
        while any(psutil.pid_exists(process.pid) for process in processes):  # noqa: ASYNC110  (nobody tells us)
            await asyncio.sleep(0.01)
        await self.stop()

    async def restore(self) -> None:
        """Let it run, whatever was done to it."""
        self.thaw()
        if not self._runs:
            await self.start()

    def release(self) -> None:
        """Give its folder back."""
        self._folder.release()

    @classmethod
    async def make_pattern(cls, folder: Path) -> None:
        """Make the data of a prepared server that was stopped in good order."""
        server = cls(folder)
        await server.start()
        try:
            await server.prepare()
        finally:
            await server.stop()
            server.release()

    def freeze(self) -> None:
        """Let all its processes stand still."""
        self._frozen.freeze(self._folder.path / "postgres")

    def thaw(self) -> None:
        """Let them go on."""
        self._frozen.thaw()


def _copy(part: Path, folder: Path) -> None:
    subprocess.run(["cp", "-a", str(part), str(folder)], check=True)
