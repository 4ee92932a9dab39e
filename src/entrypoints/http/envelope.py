"""What surrounds every request: its identifier, its log line, its measurements. Plain ASGI, so that it costs little."""

import asyncio
import os
import time
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send
from msgspec import json

from application.idempotency import Once
from entrypoints.access_log import NoteRequest
from entrypoints.http.positions import TellsPositions
from entrypoints.http.wire import ErrorBody, ErrorOut

RecordRequest = Callable[[str, str, int, float], None]

_QUIET: Final = ("/livez", "/readyz", "/metrics")
_PROCESS: Final = os.urandom(8).hex()
_numbers: Final = count(1)
_PRIVATE: Final = (b"cache-control", b"private, no-store")
_NO_SNIFF: Final = (b"x-content-type-options", b"nosniff")
_REPLAYED: Final = (b"idempotency-replayed", b"true")


def new_request_id() -> str:
    """Return an identifier that no other request or socket has."""
    return f"req_{_PROCESS}{next(_numbers):010x}"


class Envelope:
    """Gives each HTTP answer an `x-request-id`, counts it and writes one line about it; nothing is cacheable unless it says so.

    `record` is told method, path template, status and seconds, `note` the request's identifier too. WebSockets go to
    `realtime`, which has ways of its own.
    """

    def __init__(
        self, app: ASGIApp, realtime: ASGIApp, record: RecordRequest, note: NoteRequest, positions: TellsPositions
    ) -> None:
        self._app = app
        self._realtime = realtime
        self._record, self._note_request = record, note
        self._positions = positions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if str(scope["type"]) != "http":
            await (self._realtime if str(scope["type"]) == "websocket" else self._app)(scope, receive, send)
            return
        request_id = new_request_id()
        scope.setdefault("state", {})["request_id"] = request_id
        started, status, answered = time.perf_counter(), 500, False
        named = (b"x-request-id", request_id.encode())

        async def send_named(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], True
                headers = [*message.get("headers", ()), named, _NO_SNIFF]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(_PRIVATE)
                if status < 400 and _is_repetition(scope):
                    headers.append(_REPLAYED)
                if status < 400 and self._positions.kept:
                    headers += await self._positions.headers(scope)
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        except asyncio.CancelledError:
            if not answered:
                await _answer_that_we_leave(send_named, request_id)
            raise
        finally:
            self._note(scope, status, time.perf_counter() - started, request_id)

    def _note(self, scope: Any, status: int, seconds: float, request_id: str) -> None:
        template = scope.get("path_template") or "unmatched"
        self._record(scope["method"], template, status, seconds)
        if template not in _QUIET:
            self._note_request(scope["method"], template, status, seconds, request_id)


async def _answer_that_we_leave(send: Send, request_id: str) -> None:
    """Answer a request that a leaving node gave up, as one may that is to be repeated elsewhere."""
    error = ErrorBody("unavailable_error", "overloaded", "The node is shutting down; please try again.", None, request_id)
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"1"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": json.encode(ErrorOut(error)), "more_body": False})


def _is_repetition(scope: Any) -> bool:
    once: Once | None = scope["state"].get("once")
    return once is not None and once.replayed
