"""Backups in a folder, in memory, or in a bucket of anything that speaks S3 (obstore).

obstore's methods run in threads of ours. Its own threads, which serve its coroutines, abort a process that ends just then.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, S3Store

from adapters.blobs.pulled_pieces import PulledPieces
from application.ports.backup_storage import BackupStorage, StoredObject
from domain.backups.problems import BackupProblem, ObjectMissing, TargetAway

T = TypeVar("T")
_PIECE_BYTES: Final = 4 << 20
# S3 takes 10,000 parts of an upload: these carry an object of 312 GiB as stored.
_PART_BYTES: Final = 32 << 20
_PARTS_AT_ONCE: Final = 4
_REMOVED_AT_ONCE: Final = 500
_THREADS: Final = 32
_MISSING: Final = (NotFoundError, FileNotFoundError)
_CONNECT: Final = timedelta(seconds=5)
_SILENCE: Final = timedelta(seconds=30)
_REQUEST: Final = timedelta(minutes=10)
_RETRYING: Final = timedelta(seconds=20)


class ObjectStorage(BackupStorage):
    """Works on a store of obstore's; `place` is what messages call it."""

    def __init__(self, store: ObjectStore, place: str) -> None:
        self._store, self._place = store, place
        # Apart from those that encrypt: a put waits for them.
        self._threads = ThreadPoolExecutor(_THREADS, "backup-storage")

    async def put(self, name: str, content: AsyncIterator[bytes]) -> None:
        """Upload in parts; the object appears when all are there."""
        pieces = PulledPieces(content, asyncio.get_running_loop())
        with self._told(name, absent=TargetAway):
            try:
                await self._in_thread(
                    lambda: self._store.put(name, pieces, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
                )
            finally:
                pieces.give_up()

    async def get(self, name: str) -> AsyncIterator[bytes]:
        """Yield pieces of some megabytes."""
        with self._told(name):
            found = await self._in_thread(partial(self._store.get, name))
            stream = found.stream(min_chunk_size=_PIECE_BYTES)
            while (piece := await self._in_thread(partial(next, stream, None))) is not None:
                yield bytes(piece)

    async def list(self, prefix: str) -> Sequence[StoredObject]:
        """Read the whole list."""
        with self._told(prefix or "the list", absent=TargetAway):
            found = await self._in_thread(lambda: self._store.list(prefix or None).collect())
        return sorted((StoredObject(one["path"], one["size"], one["last_modified"]) for one in found), key=lambda one: one.name)

    async def remove(self, names: Collection[str]) -> None:
        """Remove a few hundred at a time."""
        ordered = sorted(names)
        for start in range(0, len(ordered), _REMOVED_AT_ONCE):
            some = ordered[start:start + _REMOVED_AT_ONCE]
            with self._told("objects to remove"):
                try:
                    await self._in_thread(partial(self._store.delete, some))
                except _MISSING:  # a folder stops at the first that is not there
                    await self._remove_each(some)

    async def _remove_each(self, names: Sequence[str]) -> None:
        for name in names:
            with suppress(*_MISSING):
                await self._in_thread(partial(self._store.delete, name))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @contextmanager
    def _told(self, name: str, absent: type[BackupProblem] = ObjectMissing) -> Iterator[None]:
        try:
            yield
        except _MISSING:
            told = f"{name} is not in {self._place}." if absent is ObjectMissing else f"{self._place} does not exist."
            raise absent(told) from None
        except (BaseError, OSError) as error:
            raise TargetAway(f"{self._place} does not do what is asked of it ({name}: {_kind(error)}).") from error


class FolderStorage(ObjectStorage):
    """A folder; what was put has reached the disk."""

    def __init__(self, folder: Path) -> None:
        try:
            super().__init__(LocalStore(folder, mkdir=True, automatic_cleanup=True), str(folder))
        except (BaseError, OSError) as error:
            raise TargetAway(f"The folder {folder} cannot be used for backups ({_kind(error)}).") from error
        self._folder = folder

    async def put(self, name: str, content: AsyncIterator[bytes]) -> None:
        """Store it, and wait for the disk."""
        await super().put(name, content)
        with self._told(name):
            await asyncio.to_thread(self._flush, self._folder / name)

    def _flush(self, file: Path) -> None:
        for path in (file, *(parent for parent in file.parents if parent.is_relative_to(self._folder))):
            number = os.open(path, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)


def bucket_storage(url: str, endpoint: str | None) -> ObjectStorage:
    """Return a storage in `s3://bucket/prefix`; credentials and region come from the environment's AWS_ variables."""
    plain_http = endpoint is not None and endpoint.startswith("http://")
    try:
        store = S3Store.from_url(
            url, config={"endpoint": endpoint} if endpoint else {},
            client_options={"connect_timeout": _CONNECT, "read_timeout": _SILENCE, "timeout": _REQUEST, "allow_http": plain_http},
            retry_config={"max_retries": 5, "retry_timeout": _RETRYING},
        )
    except BaseError as error:
        raise TargetAway(f"{url} cannot be used for backups ({_kind(error)}).") from error
    return ObjectStorage(store, url)


def _kind(error: BaseException) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
