"""A base backup as one stream: pg_basebackup writes a tar archive, with the log it needs and the manifest, to its output."""

import re
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from adapters.backup.connecting import Address
from adapters.backup.programs import Programs, end, last_line
from application.ports.backup_source import BaseStream, Bounds
from domain.backups.problems import ServerRefuses
from domain.backups.wal import lsn_of

_PIECE_BYTES: Final = 1 << 20
_OPTIONS: Final = (
    "-D", "-", "-Ft", "-X", "fetch", "-c", "fast", "-v", "-w", "-l", "onelast", "--manifest-checksums=SHA256",
)
_START: Final = re.compile(r"log start point: ([\dA-F]+/[\dA-F]+) on timeline (\d+)")
_STOP: Final = re.compile(r"log end point: ([\dA-F]+/[\dA-F]+)")


class PostgresBaseStream(BaseStream):
    """What the running program writes."""

    def __init__(self, process: Process, log: Path, label: str) -> None:
        self._process, self._log, self._label = process, log, label

    async def content(self) -> AsyncIterator[bytes]:
        """Yield its output, and look how it ended."""
        output = self._process.stdout
        assert output is not None
        while piece := await output.read(_PIECE_BYTES):
            yield piece
        if await self._process.wait():
            raise self._refusal()

    def bounds(self) -> Bounds:
        """Read what it told of them."""
        told = self._log.read_text(errors="replace")
        start, stop = _START.search(told), _STOP.search(told)
        if start is None or stop is None:
            raise self._refusal()
        return Bounds(int(start[2]), lsn_of(start[1]), lsn_of(stop[1]))

    def _refusal(self) -> ServerRefuses:
        return ServerRefuses(f"The base backup of the {self._label} failed: {last_line(self._log)}")


@asynccontextmanager
async def running_base_backup(address: Address, programs: Programs) -> AsyncIterator[PostgresBaseStream]:
    """Start the program; it is ended when the block is left."""
    target, secrets = address.for_programs()
    with TemporaryDirectory(prefix="onelast-base-") as folder:
        log = Path(folder) / "log"
        process = await programs.start("pg_basebackup", "-d", target, *_OPTIONS, log=log, environment=secrets, listen=True)
        try:
            yield PostgresBaseStream(process, log, address.label)
        finally:
            await end(process)
