"""Server-sent events of a run (WHATWG HTML, section 9.2), written as bytes straight to the connection."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import json

from application.ports.run_log import (
    AttemptStarted,
    End,
    MessageCompleted,
    MessageDelta,
    RunCancelled,
    RunCreated,
    RunEvent,
    RunEventBody,
    RunFailed,
    RunFeed,
)
from entrypoints.http.wire import MessageOut, RunOut

SILENCE_SECONDS: Final = 10.0
LIFETIME_SECONDS: Final = 300.0
_encoder: Final = json.Encoder()


def event_fields(body: RunEventBody) -> tuple[str, dict[str, Any]]:  # noqa: PLR0911
    """Return the event's type on the wire and its own fields."""
    match body:
        case MessageDelta():
            return "message.delta", {"text": body.text}
        case RunCreated():
            return "run.created", {"run": RunOut.of(body.run), "message": MessageOut.of(body.message)}
        case AttemptStarted():
            return "attempt", {"attempt": body.attempt, "reason": body.reason, "keep": body.keep}
        case MessageCompleted():
            return "message.completed", {"message": MessageOut.of(body.message), "usage": body.usage}
        case RunFailed():
            return "run.failed", {"error": body.error}
        case RunCancelled():
            return "run.cancelled", {}
        case End():
            return "end", {"status": body.status}


def encode_event(event: RunEvent) -> bytes:
    """Return one frame: id, event and data lines."""
    kind, fields = event_fields(event.body)
    data = _encoder.encode({"seq": event.seq, "type": kind, "run_id": event.run_id, **fields})
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.seq, kind.encode(), data)


def encode_batch(events: Sequence[RunEvent]) -> bytes:
    """Return the frames of several events."""
    return b"".join([encode_event(event) for event in events])


class OpenStreams:
    """The streams that this process serves, so that a shutdown can end them: their viewers come back with a cursor."""

    def __init__(self) -> None:
        self.draining = False
        self._feeds: set[RunFeed] = set()

    def __len__(self) -> int:
        return len(self._feeds)

    @contextmanager
    def holding(self, feed: RunFeed) -> Iterator[None]:
        """Count the feed among the open ones and close it in the end."""
        self._feeds.add(feed)
        try:
            yield
        finally:
            self._feeds.discard(feed)
            feed.close()

    def drain(self) -> None:
        """End all streams, without `end`, and those that are still to come."""
        self.draining = True
        for feed in tuple(self._feeds):
            feed.close()


class EventStream(Response[None]):
    """An answer that follows a feed until `end`, at most five minutes, with a comment every ten seconds of silence."""

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

    async def _serve(self, _: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_disconnected(receive))
        gone.add_done_callback(lambda _: self._feed.close())
        try:
            with self._streams.holding(self._feed):
                await send({"type": "http.response.start", "status": 200, "headers": self._head})
                await self._follow(gone, send)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()

    async def _follow(self, gone: "asyncio.Future[None]", send: Send) -> None:
        deadline = time.monotonic() + LIFETIME_SECONDS
        while (left := deadline - time.monotonic()) > 0 and not (gone.done() or self._streams.draining):
            events = await self._feed.next(min(SILENCE_SECONDS, left))
            chunk = encode_batch(events) if events else b": keep-alive\n\n"
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            if events and isinstance(events[-1].body, End):
                return


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
