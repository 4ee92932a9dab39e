"""A folder in which the log lies for the seconds until it is stored."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from application.ports.backup_source import Received
from domain.backups.wal import HISTORY_NAME, SEGMENT_NAME

_UNFINISHED: Final = ".partial"


class Spool:
    """What pg_receivewal has written so far; `folder` is for it alone."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._logs = folder / "wal", folder
        self.folder.mkdir()

    def log(self, name: str) -> Path:
        """Return the file for what a program tells."""
        return self._logs / f"{name}.log"

    def begin_at(self, segment: str) -> None:
        """Make pg_receivewal begin with this segment, as if it had been cut off in it."""
        (self.folder / f"{segment}{_UNFINISHED}").touch()

    def received(self) -> Received:
        """Return what lies here."""
        names = sorted(path.name for path in self.folder.iterdir())
        unfinished = [name.removesuffix(_UNFINISHED) for name in names if name.endswith(_UNFINISHED)]
        return Received(
            [name for name in names if SEGMENT_NAME.fullmatch(name)],
            [name for name in unfinished if SEGMENT_NAME.fullmatch(name)],
            [name for name in names if HISTORY_NAME.fullmatch(name)],
        )

    async def read(self, name: str) -> bytes:
        """Return a file, or the beginning of an unfinished segment without the zeros that fill it up."""
        try:
            return (await self._bytes_of(f"{name}{_UNFINISHED}")).rstrip(b"\0")
        except FileNotFoundError:  # it is whole, or has become so this moment
            return await self._bytes_of(name)

    async def _bytes_of(self, name: str) -> bytes:
        return await asyncio.to_thread((self.folder / name).read_bytes)

    def drop(self, name: str) -> None:
        """Remove a file."""
        (self.folder / name).unlink(missing_ok=True)


@contextmanager
def fresh_spool(parent: Path) -> Iterator[Spool]:
    """Make a spool, and remove it in the end; those of processes that died are removed now."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in parent.iterdir():
        if (number := _locked(left)) is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(number)
    folder = Path(mkdtemp(dir=parent))
    number = _locked(folder)
    try:
        yield Spool(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if number is not None:
            os.close(number)


def _locked(folder: Path) -> int | None:
    """Return the open folder, locked until it is closed; None when a living process has it."""
    number = None
    try:
        number = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if number is not None:
            os.close(number)
        return None
    return number
