"""One viewer of one run."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from application.actor import Actor
from application.ports.run_log import End, RunEvent
from application.runs.views import RunView
from domain.shared.identifiers import RunId
from entrypoints.http.event_stream import OpenStreams
from entrypoints.realtime.frames import event_frame
from entrypoints.realtime.line import Line

_PATIENCE_SECONDS: Final = 60.0
_MOST_AT_ONCE: Final = 64


class Follower:
    """Tells a client the events of a run from behind `after` on; the next of them bears the client's `event_id`."""

    __slots__ = ("_actor", "_after", "_known", "event_id", "run_id")

    def __init__(
        self, actor: Actor, run_id: RunId, after: int = 0, *, known: RunView | None = None, event_id: str | None = None
    ) -> None:
        self._actor, self.run_id, self._after, self._known, self.event_id = actor, run_id, after, known, event_id

    async def follow(self, follow_run: Any, streams: OpenStreams, line: Line) -> None:
        """Return after the end of the run, or when the node drains; a log that turns its viewers away is read anew."""
        while not streams.draining:
            feed = await follow_run.execute(self._actor, self.run_id, self._after, self._known)
            self._known = None
            with streams.holding(feed):
                while not feed.closed:
                    events = await feed.next(_PATIENCE_SECONDS)
                    await self._tell(events, line)
                    if events and isinstance(events[-1].body, End):
                        return

    async def _tell(self, events: Sequence[RunEvent], line: Line) -> None:
        for place, event in enumerate(events, 1):
            label, self.event_id = self.event_id, None
            await line.tell(event_frame(event, label))
            self._after = event.seq
            if not place % _MOST_AT_ONCE:
                await asyncio.sleep(0)
