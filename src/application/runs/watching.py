"""A viewer's feed that cannot wait for ever: when a log falls silent, the database tells whether the run has ended."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from application.ports.run_log import End, RunEvent, RunFeed

_SILENCE_SECONDS: Final = 3.0
_SILENCE_BEFORE_THE_END_SECONDS: Final = 0.25
Remainder = Callable[[int], Awaitable[Sequence[RunEvent]]]


class WatchedFeed(RunFeed):
    """Reads along a log. After three seconds of silence it asks for the `remainder` behind its cursor, empty during a run.

    Of a run that is known to have ended, only the outcome and the end follow number `text_told_at`: they are asked for soon.
    """

    def __init__(self, log: RunFeed, cursor: int, remainder: Remainder, text_told_at: int | None = None) -> None:
        self._log, self._cursor, self._remainder, self._text_told_at = log, cursor, remainder, text_told_at
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
            near_the_end = self._text_told_at is not None and self._cursor >= self._text_told_at
            silence = _SILENCE_BEFORE_THE_END_SECONDS if near_the_end else _SILENCE_SECONDS
            events = await self._log.next(max(0.0, min(left, silence)))
            if not events and (near_the_end or left >= silence) and not self.closed:
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
