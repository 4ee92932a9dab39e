"""Server-sent events of a run (WHATWG HTML, section 9.2), written as bytes straight to the connection."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send

from application.ports.run_log import End, RunEvent, RunFeed
from domain.shared.errors import Unavailable
from entrypoints.http.events import encode_event
from entrypoints.http.stall_watch import StallWatch

# A long replay is written piece by piece: a viewer holds no more than a piece, and others get their turn in between.
_MOST_AT_ONCE: Final = 64


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
    """An answer that follows a feed until `end`, for a limited time, with a comment where there is silence."""

    def __init__(self, feed: RunFeed, run_id: str, streams: OpenStreams) -> None:
        super().__init__(None)
        self._feed = feed
        self._streams = streams
        self._head = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-cache"),
            (b"x-accel-buffering", b"no"),
            (b"location", f"/v1/runs/{run_id}/events".encode()),
        ]

    def to_asgi_response(self, app: Any, request: Any, **_: Any) -> ASGIApp:  # type: ignore[override]
        """Return the writer of the stream; cookies and the like of other answers do not apply."""
        return self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_disconnected(receive))
        gone.add_done_callback(lambda _: self._feed.close())
        stall = StallWatch(self._streams.pace.patience, _cutter(scope))
        try:
            with self._streams.holding(self._feed):
                await send({"type": "http.response.start", "status": 200, "headers": self._head})
                with suppress(Unavailable):  # a close without `end` tells the viewer to come back
                    await self._follow(send, stall)
                await _write(send, stall, b"", more=False)
        finally:
            stall.close()
            gone.cancel()

    async def _follow(self, send: Send, stall: StallWatch) -> None:
        pace = self._streams.pace
        deadline = time.monotonic() + pace.lifetime
        while (left := deadline - time.monotonic()) > 0 and not (self._feed.closed or self._streams.draining):
            events = await self._feed.next(min(pace.silence, left))
            if not events:
                await _write(send, stall, b": keep-alive\n\n")
            for start in range(0, len(events), _MOST_AT_ONCE):
                await _write(send, stall, encode_batch(events[start : start + _MOST_AT_ONCE]))
                if start:
                    await asyncio.sleep(0)
            if events and isinstance(events[-1].body, End):
                return


async def _write(send: Send, stall: StallWatch, chunk: bytes, *, more: bool = True) -> None:
    stall.begin()
    await send({"type": "http.response.body", "body": chunk, "more_body": more})
    stall.end()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _cutter(scope: Scope) -> Callable[[], object]:
    """Return what ends a connection that nothing can be written to: what our server offers, or the end of this task."""
    cut = cast("Any", scope).get("state", {}).get("abort")
    return cut or cast("asyncio.Task[None]", asyncio.current_task()).cancel
