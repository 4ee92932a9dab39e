"""What all answers have in common that are written piece by piece."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

from litestar.types import Receive, Scope, Send

from entrypoints.http.stall_watch import StallWatch

# Of server-sent events.
EVENTS_HEAD: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)


def straight(scope: Scope, send: Send) -> Send:
    """Return the server's own `send`, for all pieces of a stream that has begun: what lies between changes its head alone."""
    own: Send = cast("Any", scope)["state"].get("send", send)
    return own


async def write(send: Send, stall: StallWatch, piece: bytes, *, more: bool = True) -> None:
    """Send a piece, watched; the last one says that there are no `more`."""
    stall.begin()
    await send({"type": "http.response.body", "body": piece, "more_body": more})
    stall.end()


async def disconnected(receive: Receive) -> None:
    """Return when the caller has left, or has been answered."""
    while (await receive())["type"] != "http.disconnect":
        pass


def cutter(scope: Scope) -> Callable[[], object]:
    """Return what ends a connection that nothing can be written to: what our server offers, or the end of this task."""
    cut = cast("Any", scope).get("state", {}).get("abort")
    return cut or cast("asyncio.Task[None]", asyncio.current_task()).cancel
