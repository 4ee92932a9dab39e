"""What one process knows of runs' logs: the events in order, and the viewers that read along."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from application.alarm import Alarm
from application.ports.run_log import End, MessageDelta, RunEvent, RunEventBody, RunFeed
from domain.shared.identifiers import RunId

LIFETIME_SECONDS: Final = 600.0


def merged(bodies: Sequence[RunEventBody]) -> list[RunEventBody]:
    """Return the events with neighbouring pieces of text joined."""
    found: list[RunEventBody] = []
    for body in bodies:
        if isinstance(body, MessageDelta) and found and isinstance(found[-1], MessageDelta):
            found[-1] = MessageDelta(found[-1].text + body.text)
        else:
            found.append(body)
    return found


class Transcript:
    """The events of one run from number 1 on, without gaps. Viewers read the list itself and hold nothing but a cursor."""

    __slots__ = ("_feeds", "_left", "events", "run_id")

    def __init__(self, run_id: RunId, left: Callable[["Transcript"], None]) -> None:
        self.run_id = run_id
        self.events: list[RunEvent] = []
        self._feeds: set[TranscriptFeed] = set()
        self._left = left

    @property
    def ended(self) -> bool:
        """Whether the last event is the end."""
        return bool(self.events) and isinstance(self.events[-1].body, End)

    @property
    def viewers(self) -> int:
        """How many read along."""
        return len(self._feeds)

    def extend(self, first: int, bodies: Sequence[RunEventBody]) -> None:
        """Add events whose first has this number; those that are known already are passed over."""
        known = len(self.events) + 1 - first
        if known < 0:
            raise ValueError(f"event {first} of run {self.run_id} does not follow {len(self.events)}")
        self.events += [RunEvent(self.run_id, first + place, body) for place, body in enumerate(bodies) if place >= known]
        for feed in self._feeds:
            feed.hear()

    def feed(self, after: int) -> "TranscriptFeed":
        """Return a reading of all events with a number over `after`, also those to come."""
        feed = TranscriptFeed(self, after)
        self._feeds.add(feed)
        return feed

    def part(self, feed: "TranscriptFeed") -> None:
        """Let a viewer go; whoever keeps the transcript is told when that was the last one."""
        self._feeds.discard(feed)
        if not self._feeds:
            self._left(self)

    def turn_away(self) -> None:
        """Close all feeds without an end: their viewers come back with their cursor."""
        for feed in tuple(self._feeds):
            feed.close()


class TranscriptFeed(RunFeed):
    """One viewer."""

    __slots__ = ("_alarm", "_closed", "_cursor", "_transcript", "_waiting")

    def __init__(self, transcript: Transcript, after: int) -> None:
        self._transcript, self._cursor = transcript, after
        self._waiting: asyncio.Future[None] | None = None
        self._alarm = Alarm(self.wake)
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the viewer left or was turned away."""
        return self._closed

    async def next(self, patience: float) -> Sequence[RunEvent]:
        """Return all that follows the cursor."""
        events = self._transcript.events
        if not self._closed and len(events) <= self._cursor:
            await self._wait(patience)
        if self._closed:
            return ()
        news = events[self._cursor :]
        self._cursor += len(news)
        return news

    async def _wait(self, patience: float) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        self._alarm.set(patience)
        try:
            await self._waiting
        finally:
            self._alarm.stop()
            self._waiting = None

    def hear(self) -> None:
        """Let a `next` that waits have what came, if that is behind its cursor."""
        if len(self._transcript.events) > self._cursor:
            self.wake()

    def wake(self) -> None:
        """Let a `next` that waits look again."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def close(self) -> None:
        """Stop reading."""
        if not self._closed:
            self._closed = True
            self._alarm.close()
            self._transcript.part(self)
            self.wake()


class Transcripts:
    """Transcripts by run. An ended one is kept for `lifetime` seconds; of those at most `most_ended`.

    `unwatched` is told when the last viewer of a run has left.
    """

    def __init__(
        self, *, lifetime: float = LIFETIME_SECONDS, most_ended: int = 10_000, monotonic: Callable[[], float] = time.monotonic,
        unwatched: Callable[[RunId], None] = lambda _: None,
    ) -> None:
        self._lifetime, self._most_ended, self._monotonic = lifetime, most_ended, monotonic
        self._unwatched = unwatched
        self._known: dict[RunId, Transcript] = {}
        self._ended: dict[RunId, float] = {}

    def find(self, run_id: RunId) -> Transcript | None:
        """Return the run's transcript, or None."""
        self._forget_old()
        return self._known.get(run_id)

    def open(self, run_id: RunId) -> Transcript:
        """Return the run's transcript, a new one if there is none."""
        found = self.find(run_id)
        if found is None:
            found = self._known[run_id] = Transcript(run_id, self._left)
        return found

    def drop(self, run_id: RunId) -> None:
        """Forget the transcript; those who view it read on from what they hold."""
        self._known.pop(run_id, None)
        self._ended.pop(run_id, None)

    def note_end(self, run_id: RunId) -> None:
        """Begin the lifetime of a transcript that has ended."""
        self._ended.pop(run_id, None)
        self._ended[run_id] = self._monotonic()
        self._forget_old()

    def _left(self, transcript: Transcript) -> None:
        if not transcript.events and self._known.get(transcript.run_id) is transcript:
            del self._known[transcript.run_id]
        self._unwatched(transcript.run_id)

    def _forget_old(self) -> None:
        oldest = self._monotonic() - self._lifetime
        while self._ended:
            run_id, ended_at = next(iter(self._ended.items()))
            if ended_at > oldest and len(self._ended) <= self._most_ended:
                return
            del self._ended[run_id]
            self._known.pop(run_id, None)
