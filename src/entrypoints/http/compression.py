"""Compresses answers on their way out. Plain ASGI; only a body that comes whole in one message: a stream is never held up."""

import asyncio
from typing import Any, Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.http.codings import IDENTITY, LEAST_BYTES, QuickCompressor, compress
from entrypoints.http.negotiation import choice_of

Headers = list[tuple[bytes, bytes]]
_KINDS: Final = frozenset({b"application/json", b"application/javascript", b"application/xml"})
_NEVER: Final = b"text/event-stream"
_WITHOUT_WHOLE_BODY: Final = frozenset({204, 206, 304})
_VARY: Final = (b"vary", b"Accept-Encoding")
# A thread costs 100 µs; from here on gzip would hold the event loop for longer than that a few times over.
_MOST_IN_LOOP: Final = 131_072


class Compression:
    """Gives each caller the coding that it likes best, and says in `Vary` that others may get another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._quick = QuickCompressor()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if str(scope["type"]) == "http":
            await self._app(scope, receive, _Outgoing(scope, send, self._quick).send)
        else:
            await self._app(scope, receive, send)


class _Outgoing:
    """One answer: its head is held back until the first piece of the body tells whether there are more."""

    __slots__ = ("_held", "_quick", "_scope", "_send")

    def __init__(self, scope: Scope, send: Send, quick: QuickCompressor) -> None:
        self._scope, self._send, self._quick = scope, send, quick
        self._held: Any = None

    async def send(self, message: Message) -> None:
        """Send, compressed where that is right."""
        held = self._held
        if message["type"] == "http.response.start":
            headers: Headers = list(message["headers"])
            if not _compressible(message["status"], dict(headers)):
                await self._send(message)
                return
            self._held = {**message, "headers": _varied(headers)}
        elif held is None:
            await self._send(message)
        else:
            self._held = None
            whole = message["type"] == "http.response.body" and not message.get("more_body", False)
            outgoing: Any = message
            if whole and (encoded := await self._encoded(held["headers"], outgoing.get("body", b""))) is not None:
                outgoing = {**message, "body": encoded}
            await self._send(held)
            await self._send(outgoing)

    async def _encoded(self, headers: Headers, body: bytes) -> bytes | None:
        """Return the body in the caller's coding, having changed the headers; None if it stays as it is."""
        choice = choice_of(self._scope["headers"])
        if choice.coding == IDENTITY or not body or (len(body) < LEAST_BYTES and not choice.must):
            return None
        if len(body) > _MOST_IN_LOOP:
            encoded = await asyncio.to_thread(compress, choice.coding, body)
        else:
            encoded = self._quick.compress(choice.coding, body)
        if len(encoded) >= len(body) and not choice.must:
            return None
        headers[:] = [_weak(header) for header in headers if header[0] != b"content-length"]
        headers += [(b"content-encoding", choice.coding.encode()), (b"content-length", b"%d" % len(encoded))]
        return encoded


def _compressible(status: int, headers: dict[bytes, bytes]) -> bool:
    if status in _WITHOUT_WHOLE_BODY or b"content-encoding" in headers or b"no-transform" in headers.get(b"cache-control", b""):
        return False
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind in _KINDS or (kind.startswith(b"text/") and kind != _NEVER) or kind.endswith((b"+json", b"+xml"))


def _varied(headers: Headers) -> Headers:
    """Return the headers with the caller's coding among what the answer varies with."""
    names = b", ".join(value for name, value in headers if name == b"vary")
    if not names:
        return [*headers, _VARY]
    if b"*" in names or b"accept-encoding" in names.lower():
        return headers
    return [*(header for header in headers if header[0] != b"vary"), (b"vary", names + b", Accept-Encoding")]


def _weak(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return the header; a strong entity tag as a weak one, for it would name two different bodies."""
    name, value = header
    return (name, b"W/" + value) if name == b"etag" and not value.startswith(b"W/") else header
