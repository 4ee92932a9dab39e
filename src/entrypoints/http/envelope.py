"""What surrounds every request: its identifier, its log line, its measurements. Plain ASGI, so that it costs little."""

import asyncio
import os
import time
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any, Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.idempotency import Once
from entrypoints.access_log import NoteRequest
from entrypoints.http.limits import give_back, limit_headers
from entrypoints.http.manners import Manners
from entrypoints.http.origin import TrustedProxies
from entrypoints.http.overload import tell_overloaded
from entrypoints.http.positions import TellsPositions

RecordRequest = Callable[[str, str, int, float], None]

_QUIET: Final = ("/livez", "/readyz", "/metrics")
_numbers: Final = count(1)
_PRIVATE: Final = (b"cache-control", b"private, no-store")
# Said of a request that a leaving node gave up: it may be repeated elsewhere.
_LEAVING: Final = "The node is shutting down; please try again."
_REPLAYED: Final = (b"idempotency-replayed", b"true")


def new_request_id() -> str:
    """Return an identifier that no other request or socket has."""
    return f"req_{_process()}{next(_numbers):010x}"


@cache
def _process() -> str:
    """Return what no other process has, not even one that was forked from the same."""
    return os.urandom(8).hex()


class Envelope:
    """Gives each HTTP answer an `x-request-id`, counts it and writes one line about it; nothing is cacheable unless it says so.

    Each has `manners`, which also answer preflights. What `proxies` tell of who asks is put into the scope.

    `record` is told method, path template, status and seconds, `note` the request's identifier too. WebSockets go to
    `realtime`, which has ways of its own.
    """

    def __init__(
        self, app: ASGIApp, realtime: ASGIApp, record: RecordRequest, note: NoteRequest, positions: TellsPositions,
        manners: Manners, proxies: TrustedProxies,
    ) -> None:
        self._app = app
        self._realtime = realtime
        self._record, self._note_request = record, note
        self._positions, self._manners, self._proxies = positions, manners, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        self._proxies.settle(scope)
        if str(scope["type"]) != "http":
            await (self._realtime if str(scope["type"]) == "websocket" else self._app)(scope, receive, send)
            return
        request_id = new_request_id()
        state = scope.setdefault("state", {})
        state["request_id"], state["send"] = request_id, send
        started, status, answered = time.perf_counter(), 500, False
        named = (b"x-request-id", request_id.encode())

        async def send_named(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], True
                headers = [*message.get("headers", ()), named]
                headers += self._manners.headers(scope, headers)
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(_PRIVATE)
                headers += limit_headers(scope)
                if status < 400 and _is_repetition(scope):
                    headers.append(_REPLAYED)
                if status < 400 and self._positions.kept:
                    headers += await self._positions.headers(scope)
                message["headers"] = headers
            await send(message)

        try:
            await self._serve(scope, receive, send_named)
        except asyncio.CancelledError:
            if not answered:
                await tell_overloaded(send_named, request_id, _LEAVING, (b"connection", b"close"))
            raise
        finally:
            give_back(scope)
            state.pop("send", None)  # the server's request, which has this scope: a cycle that only the collector would end
            self._note(scope, status, time.perf_counter() - started, request_id)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        preflight = self._manners.preflight(scope)
        if preflight is None:
            await self._app(scope, receive, send)
        else:
            await _answer_preflight(send, preflight)

    def _note(self, scope: Any, status: int, seconds: float, request_id: str) -> None:
        template = scope.get("path_template") or "unmatched"
        self._record(scope["method"], template, status, seconds)
        if template not in _QUIET:
            self._note_request(scope["method"], template, status, seconds, request_id)


async def _answer_preflight(send: Send, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _is_repetition(scope: Any) -> bool:
    once: Once | None = scope["state"].get("once")
    return once is not None and once.replayed
