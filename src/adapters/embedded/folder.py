"""The folder that holds all embedded servers' data, used by one process at a time."""

import fcntl
import os
import secrets
from pathlib import Path


class EmbeddedProblem(Exception):
    """An embedded server cannot run; the message tells an operator what is wrong and what to do."""


class DataFolder:
    """The folder, made if it is missing, with an exclusive lock that ends with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedProblem(
                f"The data folder {path} cannot be written ({error.strerror}). Set ONELAST_DATA_DIR to a folder that can."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise EmbeddedProblem(f"Another onelast is running on the data folder {path}.") from None

    def part(self, name: str) -> Path:
        """Return the sub-folder of this name, made if it is missing."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def secret(self, name: str) -> str:
        """Return the password of this name, made once and readable by this user alone."""
        file = self.part("secrets") / name
        try:
            return file.read_text()
        except FileNotFoundError:
            fresh, unfinished = secrets.token_urlsafe(24), file.with_name(f"{name}.new")
            unfinished.touch(mode=0o600)
            unfinished.write_text(fresh)
            unfinished.rename(file)
            return fresh

    def release(self) -> None:
        """Let another process have the folder."""
        os.close(self._lock)
