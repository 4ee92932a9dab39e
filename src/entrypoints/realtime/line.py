"""What leaves for one client."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from litestar.types import Send

from domain.shared.errors import DomainError
from entrypoints.http.stall_watch import StallWatch
from entrypoints.realtime.frames import error_body, error_frame

_CLOSE_SECONDS: Final = 10.0


class Line:
    """Sends frame by frame: who has more to tell than the client reads waits, and nothing piles up.

    What is for a client that is gone goes nowhere.
    """

    __slots__ = ("_lock", "_request_id", "_send", "_watch")

    def __init__(self, send: Send, watch: StallWatch, request_id: str) -> None:
        self._send, self._watch, self._request_id = send, watch, request_id
        self._lock = asyncio.Lock()

    async def open(self, subprotocol: str | None, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Accept the client; OSError when it is gone already."""
        headers = [(b"x-request-id", self._request_id.encode()), *headers]
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers})

    async def tell(self, frame: bytes) -> None:
        """Send a frame."""
        async with self._lock:
            self._watch.begin()
            try:
                await self._send({"type": "websocket.send", "text": frame.decode(), "bytes": None})
            except OSError:
                return
            finally:
                self._watch.end()

    async def tell_error(self, error: DomainError | None, event_id: str | None = None, run_id: str | None = None) -> None:
        """Send an error; None stands for an unknown one."""
        await self.tell(error_frame(error_body(error, self._request_id), event_id, run_id))

    async def close(self, why: tuple[int, str] | None) -> None:
        """Send the close, with its code and reason, unless the client has left (None); whether it reads or not."""
        self._watch.close()
        if why is not None:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await self._send({"type": "websocket.close", "code": why[0], "reason": why[1]})
