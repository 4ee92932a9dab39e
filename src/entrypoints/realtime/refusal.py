"""Saying no before a socket is open."""

from typing import Any, Final, cast

from litestar.types import Scope, Send
from msgspec import json

from domain.shared.errors import DomainError
from entrypoints.http.errors import retry_after, told
from entrypoints.http.limits import limit_headers
from entrypoints.http.wire import ErrorOut
from entrypoints.realtime.frames import error_body

_EXTENSION: Final = "websocket.http.response"


async def refuse(scope: Scope, send: Send, error: DomainError | None, request_id: str) -> None:
    """Answer the handshake as any other request (None stands for an unknown error), or with a 403 if the server cannot."""
    if _EXTENSION not in (cast("Any", scope).get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    status = 500 if error is None else told(error)[0]
    body = json.encode(ErrorOut(error_body(error, request_id)))
    headers = [*_headers(status, error, request_id), *limit_headers(scope)]
    started = {"type": f"{_EXTENSION}.start", "status": status, "headers": headers}
    await send(cast("Any", started))
    await send(cast("Any", {"type": f"{_EXTENSION}.body", "body": body, "more_body": False}))


def _headers(status: int, error: DomainError | None, request_id: str) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", b"application/json"), (b"cache-control", b"private, no-store"), (b"x-request-id", request_id.encode())
    ]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status in (429, 503):
        headers.append((b"retry-after", retry_after(error).encode()))
    return headers
