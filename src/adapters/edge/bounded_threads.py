"""Calling a client that blocks, in a few threads of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")
THREADS: Final = 4
# So that a thread is free again soon after those who waited for it have given up.
CONNECT_SECONDS: Final = 3.0
SILENCE_SECONDS: Final = 5.0


class BoundedThreads:
    """Runs what bounds its own silence; who comes when all threads are taken waits."""

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(THREADS, name)

    async def run(self, work: Callable[[], T]) -> T:
        """Return what it returns. Cancelled before it began, it never begins."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def close(self) -> None:
        """Drop what has not begun, and wait for what has."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
