"""A viewer's feed that cannot wait for ever: when a log falls silent, the database tells whether the run has ended."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from application.ports.run_log import End, RunEvent, RunFeed
from domain.shared.errors import Unavailable

_SHORTEST_SILENCE_SECONDS: Final[float] = 3.0
_LONGEST_SILENCE_SECONDS: Final[float] = 48.0
_SILENCE_BEFORE_THE_END_SECONDS: Final = 0.25
Remainder = Callable[[int], Awaitable[Sequence[RunEvent]]]


class WatchedFeed(RunFeed):
    """Reads along a log. After some silence it asks for the `remainder` behind its cursor, empty during a run; then ever later.

    Of a run that is known to have ended, only the outcome and the end follow number `text_told_at`: they are asked for soon.
    A database that is away has nothing to tell: it is asked again after another silence, for the log may go on without it.
    """

    def __init__(self, log: RunFeed, cursor: int, remainder: Remainder, text_told_at: int | None = None) -> None:
        self._log, self._cursor, self._remainder, self._text_told_at = log, cursor, remainder, text_told_at
        self._ended = self._closed = False
        self._silence: float = _SHORTEST_SILENCE_SECONDS
        self._silent_for = 0.0

    @property
    def closed(self) -> bool:
        """Whether the viewer left, or the log turned it away."""
        return self._closed or self._log.closed

    async def next(self, patience: float) -> Sequence[RunEvent]:
        """Return what follows; nothing once the end was told."""
        left = patience
        while not (self._ended or self.closed):
            soon = self._text_told_at is not None and self._cursor >= self._text_told_at
            wait = min(left, _SILENCE_BEFORE_THE_END_SECONDS if soon else self._silence - self._silent_for)
            events = await self._log.next(wait)
            if not events:
                left -= wait
                self._silent_for += wait
                events = await self._ask() if soon or self._silent_for >= self._silence else ()
            if events:
                self._hear(events)
                return events
            if left <= 0:
                break
        return ()

    def close(self) -> None:
        """Stop reading."""
        self._closed = True
        self._log.close()

    async def _ask(self) -> Sequence[RunEvent]:
        if self.closed:
            return ()
        self._silence, self._silent_for = min(2 * self._silence, _LONGEST_SILENCE_SECONDS), 0.0
        try:
            return await self._remainder(self._cursor)
        except Unavailable:
            self._text_told_at = None
            return ()

    def _hear(self, events: Sequence[RunEvent]) -> None:
        self._silence, self._silent_for = _SHORTEST_SILENCE_SECONDS, 0.0
        self._cursor, self._ended = events[-1].seq, isinstance(events[-1].body, End)
