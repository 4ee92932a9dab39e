"""A cache in a folder, shared by the processes of one machine."""

import asyncio
import math
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from typing import ParamSpec, TypeVar

from application.ports.cache import LEASE_SECONDS, Cache, Forget, Hit, Lease, Lifetime, Miss
from domain.shared.errors import Unavailable
from onelast_filecache.entry import Entry
from onelast_filecache.folder import Folder

P = ParamSpec("P")
R = TypeVar("R")


class FileCache(Cache):
    """Files are read and written in threads, for a disk may be slow.

    It hears of no other process's changes, so it lets nobody keep what was read (`keep` is 0): its files are always asked.
    """

    def __init__(self, folder: Folder, *, now: Callable[[], float] = time.time) -> None:
        self._folder, self._now = folder, now
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="onelast-filecache")
        self._listeners: list[Forget] = []

    def peek(self, key: str) -> Hit | None:
        """Return nothing: the folder is always asked."""

    async def read(self, key: str) -> Hit | Lease | Miss:
        """Return the value, or the lease that only one caller in ten seconds gets."""
        try:
            return await self._aside(self._read, key)
        except OSError:
            return Miss.AWAY

    async def fill(self, key: str, lease: str, value: bytes, lifetime: Lifetime, cost: float = 0.0) -> Hit | None:
        """Put the value where the lease still lies."""
        try:
            return await self._aside(self._fill, key, lease, value, lifetime, cost)
        except OSError:
            return None

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Remove the files, and with them the leases; those above are told in any case."""
        try:
            await self._aside(self._remove, keys)
        except OSError as problem:
            raise Unavailable("The cache's folder cannot be changed.") from problem
        finally:
            for forget in self._listeners:
                forget(keys)

    def listen(self, forget: Forget) -> None:
        """Call it on each invalidation by this process."""
        self._listeners.append(forget)

    async def ping(self) -> None:
        """Write a file and remove it."""
        try:
            await self._aside(self._folder.check)
        except OSError as problem:
            raise Unavailable("The cache's folder cannot be changed.") from problem

    async def sweep(self) -> None:
        """Remove what has expired; OSError."""
        await self._aside(self._folder.sweep, self._now())

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    async def _aside(self, work: Callable[P, R], *arguments: P.args, **_: P.kwargs) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _read(self, key: str) -> Hit | Lease | Miss:
        entry, now = self._folder.load(key), self._now()
        if entry.value is not None and entry.lives(now) and not _is_due(entry, now):
            return Hit(entry.value)
        with self._folder.locked(key):
            return self._leased(key, entry)

    def _leased(self, key: str, seen: Entry) -> Hit | Lease | Miss:
        # Somebody may have come first: what counts is what lies there now.
        entry, now = self._folder.load(key), self._now()
        value = entry.value if entry.lives(now) else None
        if now < entry.leased_until or (value is not None and entry.ends_at != seen.ends_at):
            return Miss.FILLING if value is None else Hit(value)
        token = token_hex(8)
        entry.value, entry.lease, entry.leased_until = value, token, now + LEASE_SECONDS
        self._folder.store(key, entry)
        return Lease(token) if value is None else Hit(value, refresh=token)

    def _fill(self, key: str, lease: str, value: bytes, lifetime: Lifetime, cost: float) -> Hit | None:
        with self._folder.locked(key):
            entry, now = self._folder.load(key), self._now()
            if entry.lease != lease or now >= entry.leased_until:
                return None
            ends_at = now + lifetime.seconds
            self._folder.store(key, Entry(value, ends_at, ends_at - lifetime.stale, cost))
            return Hit(value)

    def _remove(self, keys: Sequence[str]) -> None:
        for key in keys:
            with self._folder.locked(key):
                self._folder.remove(key)


def _is_due(entry: Entry, now: float) -> bool:
    """Tell whether somebody should refresh the value: by chance the earlier, the dearer it is."""
    return now >= entry.leased_until and now - math.log(1 - random.random()) * entry.cost >= entry.stale_at  # noqa: S311
