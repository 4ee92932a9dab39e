"""A viewer's feed that cannot wait for ever: when a log falls silent, the database tells whether the run has ended."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from application.ports.run_log import End, RunEvent, RunFeed

_SILENCE_SECONDS: Final = 3.0
Remainder = Callable[[int], Awaitable[Sequence[RunEvent]]]


class WatchedFeed(RunFeed):
    """Reads along a log. After three seconds of silence it asks for the `remainder` behind its cursor, empty during a run."""

    def __init__(self, log: RunFeed, cursor: int, remainder: Remainder) -> None:
        self._log, self._cursor, self._remainder = log, cursor, remainder
        self._ended = self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the viewer left, or the log turned it away."""
        return self._closed or self._log.closed

    async def next(self, patience: float) -> Sequence[RunEvent]:
        """Return what follows; nothing once the end was told."""
        deadline = asyncio.get_running_loop().time() + patience
        while not (self._ended or self.closed):
            left = deadline - asyncio.get_running_loop().time()
            events = await self._log.next(max(0.0, min(left, _SILENCE_SECONDS)))
            if not events and left >= _SILENCE_SECONDS and not self.closed:
                events = await self._remainder(self._cursor)
            if events:
                self._cursor, self._ended = events[-1].seq, isinstance(events[-1].body, End)
                return events
            if left <= 0:
                break
        return ()

    def close(self) -> None:
        """Stop reading."""
        self._closed = True
        self._log.close()
