"""Server-sent events of a run (WHATWG HTML, section 9.2), written as bytes straight to the connection."""

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send

from application.ports.run_log import End, RunEvent, RunFeed
from domain.shared.errors import Unavailable
from entrypoints.http.events import encode_event
from entrypoints.http.stall_watch import StallWatch
from entrypoints.http.streaming import EVENTS_HEAD, cutter, disconnected, straight, write

Encode = Callable[[Sequence[RunEvent]], bytes]
# A long replay is written piece by piece: a viewer holds no more than a piece, and others get their turn in between.
_MOST_AT_ONCE: Final = 64
_LONGEST_WAIT_SECONDS: Final = 60.0
_KEEP_ALIVE: Final = b": keep-alive\n\n"


@dataclass(frozen=True, slots=True)
class Pace:
    """How viewers are served, in seconds.

    `silence` goes before a stream's comment, `lifetime` before its end; a viewer that does not read for `patience` is dropped;
    the sign-in behind a socket is looked at again every `recheck`.
    """

    silence: float = 10.0
    lifetime: float = 300.0
    patience: float = 30.0
    recheck: float = 30.0


def encode_frame(event: RunEvent) -> bytes:
    """Return one frame: id, event and data lines."""
    kind, data = encode_event(event)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.seq, kind.encode(), data)


def encode_batch(events: Sequence[RunEvent]) -> bytes:
    """Return the frames of several events."""
    return b"".join([encode_frame(event) for event in events])


class OpenStreams:
    """The viewers that this process serves, so that a shutdown can end them: they come back, elsewhere, with a cursor."""

    def __init__(self, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        self.draining = False
        self._feeds: set[RunFeed] = set()
        self._sockets: set[Callable[[], None]] = set()

    def __len__(self) -> int:
        return len(self._feeds)

    @property
    def sockets(self) -> int:
        """How many sockets are open."""
        return len(self._sockets)

    @contextmanager
    def holding(self, feed: RunFeed) -> Iterator[None]:
        """Count the feed among the open ones and close it in the end."""
        self._feeds.add(feed)
        try:
            yield
        finally:
            self._feeds.discard(feed)
            feed.close()

    async def see_out(self, feed: RunFeed) -> None:
        """Return when the feed has come to its `end`; Unavailable when that will be told elsewhere."""
        with self.holding(feed):
            while not any(isinstance(event.body, End) for event in await feed.next(_LONGEST_WAIT_SECONDS)):
                if self.draining or feed.closed:
                    raise Unavailable("The reply is made elsewhere.")

    def add_socket(self, leave: Callable[[], None]) -> None:
        """Count a socket among the open ones; `leave` is called when it has to end."""
        self._sockets.add(leave)

    def remove_socket(self, leave: Callable[[], None]) -> None:
        """Count the socket no longer."""
        self._sockets.discard(leave)

    def drain(self) -> None:
        """End all streams and sockets, without `end`, and those that are still to come."""
        self.draining = True
        for leave in tuple(self._sockets):
            leave()
        for feed in tuple(self._feeds):
            feed.close()


class EventStream(Response[None]):
    """An answer that follows a feed until `end`, for a limited time, with a comment where there is silence.

    Other dialects `encode` events in their own way (batch by batch, in order, so an encoder may remember what came before), have
    more headers in the `head`, and a `tail` behind the end. Their clients have no cursor and take every orderly close for the
    end: a stream that is `whole` lasts as long as its run, and what breaks off before the end breaks the connection.
    """

    def __init__(
        self, feed: RunFeed, run_id: str, streams: OpenStreams, *, encode: Encode = encode_batch,
        head: Sequence[tuple[bytes, bytes]] = (), tail: bytes = b"", whole: bool = False,
    ) -> None:
        super().__init__(None)
        self._feed = feed
        self._streams = streams
        self._encode, self._tail, self._whole = encode, tail, whole
        self._head = [
            *EVENTS_HEAD,
            (b"location", f"/v1/runs/{run_id}/events".encode()),
            *head,
        ]

    def to_asgi_response(self, app: Any, request: Any, **_: Any) -> ASGIApp:  # type: ignore[override]
        """Return the writer of the stream; cookies and the like of other answers do not apply."""
        return self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(disconnected(receive))
        gone.add_done_callback(lambda _: self._feed.close())
        cut = cutter(scope)
        stall = StallWatch(self._streams.pace.patience, cut)
        try:
            with self._streams.holding(self._feed):
                await send({"type": "http.response.start", "status": 200, "headers": self._head})
                ended, send = False, straight(scope, send)
                with suppress(Unavailable):  # a close without `end` tells the viewer to come back
                    ended = await self._follow(send, stall)
                if ended or not self._whole:
                    await write(send, stall, self._tail if ended else b"", more=False)
                elif not gone.done():
                    cut()
                    await asyncio.wait({gone})
        finally:
            stall.close()
            gone.cancel()

    async def _follow(self, send: Send, stall: StallWatch) -> bool:
        """Write what comes and return whether that was all."""
        pace = self._streams.pace
        deadline = math.inf if self._whole else time.monotonic() + pace.lifetime
        while (left := deadline - time.monotonic()) > 0 and not (self._feed.closed or self._streams.draining):
            events = await self._feed.next(min(pace.silence, left))
            if not events:
                await write(send, stall, _KEEP_ALIVE)
            for start in range(0, len(events), _MOST_AT_ONCE):
                await write(send, stall, self._encode(events[start : start + _MOST_AT_ONCE]))
                if start:
                    await asyncio.sleep(0)
            if events and isinstance(events[-1].body, End):
                return True
        return False
