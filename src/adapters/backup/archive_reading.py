"""Reading a base backup's tar archive while it streams in, and comparing it with the manifest that it brings."""

import asyncio
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from adapters.backup.reading_ahead import ahead
from application.ports.recovery import ArchiveInspector
from domain.backups.problems import ObjectDamaged

_MANIFEST: Final = "backup_manifest"
# They belong to a backup and are not files of the server's: the manifest does not list them.
_UNLISTED: Final = ("pg_wal/", _MANIFEST)
_PIECE_BYTES: Final = 1 << 20


class PulledStream(io.RawIOBase):
    """A file for a thread, whose content comes from an asynchronous iterator of the loop."""

    def __init__(self, content: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._content, self._loop, self._rest = content, loop, memoryview(b"")
        self.given_up = False

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what has come, and wait when nothing has."""
        if self.given_up:
            raise OSError("nobody reads this archive any more")
        if not self._rest:
            self._rest = memoryview(asyncio.run_coroutine_threadsafe(self._next(), self._loop).result())
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    async def _next(self) -> bytes:
        return await anext(self._content, b"")


@dataclass(frozen=True, slots=True)
class Member:
    """A file or folder of the archive; `pieces` can be read once, before the next member."""

    name: str
    mode: int
    is_folder: bool
    pieces: Iterator[bytes]


@dataclass(slots=True)
class Seen:
    """Size and SHA-256 of each file that was read, and the manifest."""

    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    manifest: bytes = b""

    def faults(self) -> list[str]:
        """Return how the files differ from the manifest, each in a few words."""
        try:
            listed = {one["Path"]: (one["Size"], one["Checksum"]) for one in json.loads(self.manifest)["Files"] if "Path" in one}
        except (ValueError, KeyError):
            return ["the manifest is missing or cannot be read"]
        there = {name: told for name, told in self.files.items() if not name.startswith(_UNLISTED)}
        wanted = {name: told for name, told in listed.items() if not name.startswith(_UNLISTED)}
        both = sorted(there.keys() & wanted.keys())
        return [
            *(f"the file {name} is missing" for name in sorted(wanted.keys() - there.keys())),
            *(f"the file {name} is not in the manifest" for name in sorted(there.keys() - wanted.keys())),
            *(f"the file {name} is not what the manifest says" for name in both if there[name] != wanted[name]),
        ]


async def read_archive(content: AsyncIterator[bytes], each: Callable[[Member], None]) -> Seen:
    """Give each member to `each`, in a thread; ObjectDamaged when the archive cannot be read."""
    stream, seen = PulledStream(ahead(content), asyncio.get_running_loop()), Seen()
    try:
        await asyncio.to_thread(_read, stream, each, seen)
    finally:
        stream.given_up = True
    return seen


class TarInspector(ArchiveInspector):
    """Reads everything once and keeps nothing."""

    async def faults(self, content: AsyncIterator[bytes]) -> Sequence[str]:
        """Compare sizes and SHA-256 of all files with the manifest."""
        return (await read_archive(content, _pass_over)).faults()


def _pass_over(member: Member) -> None:
    for _ in member.pieces:
        pass


def _read(stream: PulledStream, each: Callable[[Member], None], seen: Seen) -> None:
    try:
        with tarfile.open(fileobj=io.BufferedReader(stream, _PIECE_BYTES), mode="r|", bufsize=_PIECE_BYTES) as archive:
            for info in archive:
                each(_member(archive, info, seen))
        while stream.read(_PIECE_BYTES):
            pass
    except tarfile.TarError as error:
        raise ObjectDamaged(f"The base backup is not a whole tar archive ({error}).") from error


def _member(archive: tarfile.TarFile, info: tarfile.TarInfo, seen: Seen) -> Member:
    path = PurePosixPath(info.name)
    if path.is_absolute() or ".." in path.parts or not (info.isreg() or info.isdir()):
        raise ObjectDamaged(f"The base backup holds {info.name}, which is no plain file or folder.")
    return Member(str(path), info.mode, info.isdir(), _pieces(archive, info, str(path), seen))


def _pieces(archive: tarfile.TarFile, info: tarfile.TarInfo, name: str, seen: Seen) -> Iterator[bytes]:
    source = archive.extractfile(info)
    if source is None:
        return
    size, digest, whole = 0, hashlib.sha256(), []
    while piece := source.read(_PIECE_BYTES):
        size += len(piece)
        digest.update(piece)
        if name == _MANIFEST:
            whole.append(piece)
        yield piece
    seen.files[name] = (size, digest.hexdigest())
    seen.manifest = b"".join(whole) or seen.manifest
