"""A folder in which PostgreSQL recovers from a base backup and the log."""

import asyncio
import shutil
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg

from adapters.backup.archive_reading import Member, read_archive
from adapters.backup.programs import Programs, end
from adapters.backup.restored import PostgresRestoredServer
from application.ports.recovery import RecoveryPlace
from domain.backups.base import BaseBackup
from domain.backups.problems import ObjectDamaged, PlaceTaken, ServerRefuses

DATA: Final = "postgres"
_PORT: Final = 5432  # of a socket in a folder of our own: it is nobody else's
_HALF_WRITTEN: Final = "recovery ended before configured recovery target was reached"
_STOPPING_SECONDS: Final = 60.0
_NOT_YET: Final = (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError)
# On the command line, so that nothing of it is left in the folder, and nothing in the folder is stronger.
_SETTINGS: Final = {
    "listen_addresses": "", "archive_mode": "off", "hot_standby": "off", "ssl": "off", "shared_preload_libraries": "",
    "logging_collector": "off", "log_destination": "stderr", "lc_messages": "C", "autovacuum": "off",
    "cluster_name": "onelast_restore", "unix_socket_permissions": "0700",
    "max_connections": "50", "max_prepared_transactions": "100", "max_locks_per_transaction": "256", "shared_buffers": "256MB",
    "max_wal_size": "4GB", "recovery_target_timeline": "latest", "recovery_target_action": "promote",
}


class PostgresRecoveryPlace(RecoveryPlace):
    """`root` must be empty; `folder` in it gets the data, and is then a data folder of `onelast up`.

    Of the programs those of the backup's release are taken. `secret` returns the password that an embedded server's folder holds.
    """

    def __init__(self, root: Path, folder: Path, programs: Sequence[Programs], secret: Callable[[Path], str]) -> None:
        self._root, self._folder, self._secret = root, folder, secret
        self._candidates, self._programs = programs, programs[0]
        self._data, self._wal = folder / DATA, folder / "wal"

    async def require_fit(self, backup: BaseBackup) -> None:
        """Look into the root, and for a server program of the backup's release."""
        self._require_empty()
        wanted = backup.server.version // 10_000
        for programs in self._candidates:
            if await programs.major() == wanted:
                self._programs = programs
                return
        raise ServerRefuses(f"The backup is of PostgreSQL {wanted}; put the folder with its program `postgres` on the PATH.")

    def _require_empty(self) -> None:
        if self._root.exists() and (not self._root.is_dir() or any(self._root.iterdir())):
            raise PlaceTaken(f"{self._root} is not an empty folder; name a new one, nothing was changed there.")

    async def unpack(self, content: AsyncIterator[bytes]) -> None:
        """Write the files, and compare them with the manifest on the way."""
        for folder in (self._folder, self._data, self._wal):
            folder.mkdir(mode=0o700, parents=True)
        seen = await read_archive(content, self._lay_down)
        if faults := seen.faults():
            raise ObjectDamaged(f"The base backup is damaged: {'; '.join(faults[:3])}.")

    async def add_wal(self, name: str, content: AsyncIterator[bytes], size: int | None) -> None:
        """Write it where the server's restore_command looks."""
        with (self._wal / name).open("wb") as file:
            async for piece in content:
                await asyncio.to_thread(file.write, piece)
            if size is not None:
                file.truncate(size)

    @asynccontextmanager
    async def recover(self, backup: BaseBackup, until: datetime | None) -> AsyncIterator[PostgresRestoredServer]:
        """Run the server; when the log ends before `until`, run it again without that target."""
        (self._data / "recovery.signal").touch()
        logs = self._folder / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        with TemporaryDirectory(prefix="onelast-restore-") as socket:
            process, server = await self._recovered(Path(socket), logs, backup, until)
            try:
                if backup.server.embedded:
                    await server.set_password(self._secret(self._folder))
                yield server
            finally:
                await end(process, signal.SIGINT, _STOPPING_SECONDS)
        shutil.rmtree(self._wal, ignore_errors=True)

    async def discard(self) -> None:
        """Remove the folder."""
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _recovered(
        self, socket: Path, logs: Path, backup: BaseBackup, until: datetime | None
    ) -> tuple[Process, PostgresRestoredServer]:
        (socket / "hba.conf").write_text("local all all trust\n")
        (socket / "postgresql.conf").touch()
        for folder in (self._folder, socket):
            self._programs.own(folder)
        for target in dict.fromkeys((until, None)):
            server = PostgresRestoredServer(
                socket, _PORT, backup.server, self._programs, reached_target=until is not None and target == until
            )
            log = logs / f"restore{'' if target == until else '-to-end'}.log"
            process = await self._start(socket, log, target)
            if await self._ends_recovery(process, server, log):
                return process, server
        raise ServerRefuses("PostgreSQL ended before its log did.")

    async def _start(self, socket: Path, log: Path, until: datetime | None) -> Process:
        settings = _SETTINGS | {
            "config_file": f"{socket}/postgresql.conf", "hba_file": f"{socket}/hba.conf", "ident_file": f"{socket}/hba.conf",
            "unix_socket_directories": str(socket), "port": str(_PORT), "restore_command": f'cp "{self._wal}/%f" "%p"',
        }
        if until is not None:
            settings["recovery_target_time"] = until.isoformat(sep=" ")
        options = [f"-c{name}={value}" for name, value in settings.items()]
        return await self._programs.start_server("-D", str(self._data), *options, log=log)

    @staticmethod
    async def _ends_recovery(process: Process, server: PostgresRestoredServer, log: Path) -> bool:
        """Return whether it did, once it is known; False when the log ended before the target."""
        while process.returncode is None:
            try:
                await server.let_in()
            except _NOT_YET:
                await asyncio.sleep(0.05)
            except BaseException:
                await end(process)
                raise
            else:
                return True
        told = _read(log)
        if _HALF_WRITTEN in told:
            return False
        raise ServerRefuses(f"PostgreSQL could not recover: {_fatal(told)}")

    def _lay_down(self, member: Member) -> None:
        path = self._data / member.name
        if member.is_folder:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            return
        with path.open("wb") as file:
            file.writelines(member.pieces)
        path.chmod(0o600)


def _read(log: Path) -> str:
    return log.read_text(errors="replace")


def _fatal(log: str) -> str:
    lines: Sequence[str] = [line for line in log.splitlines() if line.strip()]
    grave = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return (grave or lines or ["it said nothing"])[-1]
