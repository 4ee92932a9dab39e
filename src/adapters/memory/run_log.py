"""The run log in this process's memory: enough for one node, lost with it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from application.ports.run_log import End, FencedOut, RunEvent, RunFeed, RunLog
from domain.shared.identifiers import RunId

LIFETIME_SECONDS: Final = 600.0


@dataclass(slots=True, eq=False)
class _Log:
    events: list[RunEvent] = field(default_factory=list)
    feeds: set["_MemoryFeed"] = field(default_factory=set)


class MemoryRunLog(RunLog):
    """Keeps an ended run for `lifetime` seconds, and at most `most_ended` of them: the oldest go first."""

    def __init__(
        self, *, lifetime: float = LIFETIME_SECONDS, most_ended: int = 10_000, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._lifetime, self._most_ended, self._monotonic = lifetime, most_ended, monotonic
        self._logs: dict[RunId, _Log] = {}
        self._ended: dict[RunId, float] = {}

    async def append(self, events: Sequence[RunEvent]) -> None:
        """Append and wake the viewers."""
        if not events:
            return
        run_id = events[0].run_id
        log = self._logs.setdefault(run_id, _Log())
        if events[0].seq != len(log.events) + 1:
            raise FencedOut(f"event {events[0].seq} of run {run_id} does not follow {len(log.events)}")
        log.events.extend(events)
        for feed in log.feeds:
            feed.wake()
        if isinstance(events[-1].body, End):
            self._ended[run_id] = self._monotonic()
            self._forget_old()

    async def last_seq(self, run_id: RunId) -> int:
        """Return how many events there are."""
        self._forget_old()
        log = self._logs.get(run_id)
        return len(log.events) if log is not None else 0

    def feed(self, run_id: RunId, after: int) -> RunFeed:
        """Return a reading; it may begin before the run does."""
        log = self._logs.setdefault(run_id, _Log())
        feed = _MemoryFeed(log.events, after, lambda: self._leave(run_id, log, feed))
        log.feeds.add(feed)
        return feed

    def _leave(self, run_id: RunId, log: _Log, feed: "_MemoryFeed") -> None:
        log.feeds.discard(feed)
        if not log.events and not log.feeds and self._logs.get(run_id) is log:
            del self._logs[run_id]

    def _forget_old(self) -> None:
        oldest = self._monotonic() - self._lifetime
        while self._ended:
            run_id, ended_at = next(iter(self._ended.items()))
            if ended_at > oldest and len(self._ended) <= self._most_ended:
                return
            del self._ended[run_id]
            self._logs.pop(run_id, None)


class _MemoryFeed(RunFeed):
    """Reads the log's own list, so that a viewer costs a cursor and no copies."""

    def __init__(self, events: list[RunEvent], after: int, leave: Callable[[], None]) -> None:
        self._events, self._cursor, self._leave = events, after, leave
        self._waiting: asyncio.Future[None] | None = None
        self._closed = False

    async def next(self, patience: float) -> Sequence[RunEvent]:
        """Return all that follows the cursor."""
        if not self._closed and len(self._events) <= self._cursor:
            await self._wait(patience)
        if self._closed:
            return ()
        news = self._events[self._cursor :]
        self._cursor += len(news)
        return news

    async def _wait(self, patience: float) -> None:
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        timer = loop.call_later(patience, self.wake)
        try:
            await self._waiting
        finally:
            timer.cancel()
            self._waiting = None

    def wake(self) -> None:
        """Let a `next` that waits look again."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def close(self) -> None:
        """Stop reading."""
        if not self._closed:
            self._closed = True
            self._leave()
            self.wake()
