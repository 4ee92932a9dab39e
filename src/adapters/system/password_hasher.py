"""Argon2id in threads of its own, so that many sign-ins at once slow down nobody but each other."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from application.ports.password_hasher import PasswordHasher
from domain.shared.errors import Unavailable

T = TypeVar("T")
_NICENESS: Final = 19


def _give_way() -> None:
    """Let the thread that calls this have the processor when nobody else wants it (on Linux niceness is a thread's own)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


class Argon2PasswordHasher(PasswordHasher):
    """At most `threads` hashes at a time and `most_waiting` in all; the parameters are OWASP's first choice (2023).

    The threads are nice: on a machine without a core to spare, streams come first.

    Source: OWASP Password Storage Cheat Sheet: m=19456 KiB, t=2, p=1.
    """

    def __init__(
        self, *, threads: int = 1, most_waiting: int = 200, memory_kib: int = 19_456, passes: int = 2
    ) -> None:
        self._hasher = argon2.PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2", initializer=_give_way)
        self._most_waiting, self._waiting = most_waiting, 0
        self._nobody: Final = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Return the hash with its parameters and salt, in the PHC string format."""
        return await self._apart(lambda: self._hasher.hash(password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Return whether the password fits; for nobody, compare with a hash that nothing fits."""
        fits = await self._apart(lambda: self._fits(password, stored or self._nobody))
        return fits and stored is not None

    def close(self) -> None:
        """End the threads; hashes that wait are given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _fits(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _apart(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._most_waiting:
            raise Unavailable("Too many people sign in at this moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
