"""The most frequent writes, begun in front of the framework: what somebody says, and completions that are passed through.

The door calls the handler of the route itself, with what the framework would have given it, so there is one place for what a
write does. A request that is not plain goes on untouched; one whose body is not as it must be with its body replayed.
Measured by `python -m bench --only streams,pass-through`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Send
from msgspec import DecodeError, json

from application.freshness import Tolerance
from entrypoints.http.access import admitted
from entrypoints.http.areas import bound
from entrypoints.http.errors import HANDLERS
from entrypoints.http.idempotency import HEADER as KEY_HEADER
from entrypoints.http.messages import post_message
from entrypoints.http.openai.chat import complete
from entrypoints.http.openai.chat_wire import ChatCompletionIn
from entrypoints.http.positions import POSITION_HEADER
from entrypoints.http.wire import In, MessageIn

MOST_BODY_BYTES: Final = 1_048_576
# What asks for more than the body says: the framework reads it.
_BEYOND: Final = frozenset({b"cookie", b"content-encoding", KEY_HEADER.lower().encode(), POSITION_HEADER.encode()})


class _Write:
    """One route: its handler bound to `parts`, and what is said about it there. `path` names the handler's parameters."""

    def __init__(self, handler: HTTPRouteHandler, body: type[In], template: str, path: str, parts: Mapping[str, Any]) -> None:
        self.call = partial(bound(handler.fn, parts), once=None)
        self._decode: Callable[[bytes], In] = json.Decoder(body).decode
        self.find, self.template = re.compile(path).fullmatch, template
        self.scope, self.status = handler.opt["scope"], handler.status_code
        self._handlers: Mapping[Any, Any] = {**HANDLERS, **(handler.exception_handlers or {})}

    def decoded(self, pieces: Sequence[Any]) -> In | None:
        """Return the body; None if it did not come whole, or is not as it must be."""
        if pieces[-1]["type"] != "http.request":
            return None
        try:
            return self._decode(b"".join([piece.get("body", b"") for piece in pieces]))
        except (DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def failed(self, request: Request[Any, Any, Any], error: Exception) -> Any:
        """Return the answer to an error, as the framework finds it."""
        return next(self._handlers[kind] for kind in type(error).__mro__ if kind in self._handlers)(request, error)


class HotWrites:
    """Begins both for callers with a bearer token; `parts` are the use cases by the names that handlers have for them."""

    def __init__(self, app: ASGIApp, authenticate: Any, admit_request: Any, parts: Mapping[str, Any]) -> None:
        self._app = app
        self._admit = partial(admitted, authenticate, admit_request, replies=True)
        self._writes = (
            _Write(
                post_message, MessageIn, "/v1/sessions/{session_id}/messages",
                r"/v1/sessions/(?P<session_id>session_\w{26})/messages", parts,
            ),
            _Write(complete, ChatCompletionIn, "/v1/chat/completions", "/v1/chat/completions", parts),
        )

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope.get("method") == "POST" and not scope["query_string"]:
            for write in self._writes:
                found = write.find(scope["path"])
                secret = None if found is None else _secret(scope["headers"])
                if found is not None and secret is not None:
                    await self._serve(write, found.groupdict(), secret, scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _serve(self, write: _Write, named: dict[str, str], secret: str, scope: Any, receive: Receive, send: Send) -> None:
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        scope["path_template"] = write.template
        try:
            scope["auth"] = await self._admit(scope, secret, write.scope)
            scope["state"]["freshness"] = Tolerance.FRESH
            pieces = await _pieces(receive)
            data = write.decoded(pieces)
            if data is not None:
                response = await write.call(request=request, data=data, **named)
        except Exception as error:  # noqa: BLE001  # one of the handlers takes whatever it is
            response = write.failed(request, error)
        else:
            if data is None:
                await self._app(scope, _again(pieces, receive), send)
                return
        await response.to_asgi_response(None, request, status_code=write.status)(scope, receive, send)


def _secret(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Return the token of a plain request with a body of JSON that is not too large, None for any other request."""
    named = dict(headers)
    length = named.get(b"content-length", b"")
    if len(named) != len(headers) or not _BEYOND.isdisjoint(named):
        return None
    if not (length.isdigit() and len(length) < 8 and int(length) <= MOST_BODY_BYTES):
        return None
    said = named.get(b"authorization", b"")
    if not (said.startswith(b"Bearer ") and named.get(b"content-type", b"").startswith(b"application/json")):
        return None
    return said[7:].strip().decode("latin-1") or None


async def _pieces(receive: Receive) -> Sequence[Any]:
    """Return what is received as far as the end of the body; who announced its length sends no more."""
    pieces = [await receive()]
    while pieces[-1]["type"] == "http.request" and pieces[-1].get("more_body"):
        pieces.append(await receive())
    return pieces


def _again(pieces: Sequence[Any], receive: Receive) -> Receive:
    """Return what gives the pieces once more, and then what follows them."""
    left = iter(pieces)

    async def replay() -> Any:
        return next(left, None) or await receive()

    return replay
