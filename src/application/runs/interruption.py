"""Stopping work that is under way, as asyncio.timeout() does: by cancelling its task and telling the two kinds apart."""

import asyncio
from types import TracebackType
from typing import Self


class Interruption:
    """A block that another task may end early; `requested` tells whether that happened.

    Works like asyncio.timeout() (CPython, Lib/asyncio/timeouts.py): only the cancellation that `request` caused is swallowed.
    """

    def __init__(self) -> None:
        self.requested = False
        self._task: asyncio.Task[object] | None = None

    def request(self) -> None:
        """End the block now, or as soon as it is entered."""
        if not self.requested:
            self.requested = True
            if self._task is not None:
                self._task.cancel()

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        if self.requested and self._task is not None:
            self._task.cancel()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        task, self._task = self._task, None
        if not self.requested or task is None or task.uncancel() > 0:
            return False
        if kind is not asyncio.CancelledError:
            await _swallow(task)
        return kind is asyncio.CancelledError


async def _swallow(task: "asyncio.Task[object]") -> None:
    """Wait for a cancellation that the block did not live to see: it would end whatever waits next."""
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        if task.cancelling():
            raise
