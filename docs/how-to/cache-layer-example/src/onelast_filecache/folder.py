"""Entries in a folder, one file each, changed by one process at a time."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Final

from onelast_filecache.entry import Entry, load

_NEW: Final = ".new"
_LOCK: Final = ".lock"


class Folder:
    """Whoever changes an entry holds its lock, which the system takes back from a process that dies; OSError after `patience`.

    An entry is replaced as a whole, so reading needs no lock. The files' names tell nothing of the keys, and nobody else may
    read what is in them: it is what people said.
    """

    def __init__(self, path: Path, patience: float = 0.25) -> None:
        self._path, self._patience = path, patience
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def load(self, key: str) -> Entry:
        """Return the entry, an empty one when there is none."""
        try:
            return load(self._file(key).read_bytes())
        except FileNotFoundError:
            return Entry()

    def store(self, key: str, entry: Entry) -> None:
        """Replace the entry."""
        file = self._file(key)
        new = file.with_suffix(_NEW)
        new.write_bytes(entry.dump())
        new.replace(file)

    def remove(self, key: str) -> None:
        """Take the entry away, value and lease together."""
        self._file(key).unlink(missing_ok=True)

    @contextmanager
    def locked(self, key: str) -> Iterator[None]:
        """Keep everybody else from changing the entry."""
        with self._locked(self._file(key)):
            yield

    def check(self) -> None:
        """Return if entries can be stored; OSError if not."""
        with self.locked(""):
            self.store("", Entry())
            self.remove("")

    def sweep(self, now: float) -> None:
        """Remove what has expired, and what a process that died left half written."""
        for file in [file for file in self._path.iterdir() if file.suffix != _LOCK]:
            with self._locked(file):
                if file.suffix == _NEW or _is_over(file, now):
                    file.unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        return self._path / blake2b(key.encode(), digest_size=16).hexdigest()

    @contextmanager
    def _locked(self, file: Path) -> Iterator[None]:
        # 256 locks for all entries; each opening of a lock file counts as somebody else, also within a process.
        handle = os.open(file.with_name(file.name[:2] + _LOCK), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            self._lock(handle)
            yield
        finally:
            os.close(handle)

    def _lock(self, handle: int) -> None:
        gives_up = time.monotonic() + self._patience
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= gives_up:
                    raise
                time.sleep(0.001)


def _is_over(file: Path, now: float) -> bool:
    try:
        entry = load(file.read_bytes())
    except FileNotFoundError:
        return False
    return not entry.lives(now) and now >= entry.leased_until
