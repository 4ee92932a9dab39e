"""What leaves for one client."""

import asyncio
from contextlib import suppress
from typing import Final

from litestar.types import Send

from domain.shared.errors import DomainError
from entrypoints.http.stall_watch import StallWatch
from entrypoints.realtime.frames import error_body, error_frame

_CLOSE_SECONDS: Final = 10.0


class Line:
    """Sends frame by frame: who wants to tell more than the client reads waits, and nothing piles up. It never fails."""

    __slots__ = ("_lock", "_request_id", "_send", "_stall")

    def __init__(self, send: Send, stall: StallWatch, request_id: str) -> None:
        self._send, self._stall, self._request_id = send, stall, request_id
        self._lock = asyncio.Lock()

    async def tell(self, frame: bytes) -> None:
        """Send a frame; one for a client that is gone goes nowhere."""
        async with self._lock:
            self._stall.begin()
            try:
                await self._send({"type": "websocket.send", "text": frame.decode(), "bytes": None})
            except OSError:
                return
            finally:
                self._stall.end()

    async def tell_error(self, error: DomainError | None, event_id: str | None = None, run_id: str | None = None) -> None:
        """Send an error; None stands for an unknown one."""
        await self.tell(error_frame(error_body(error, self._request_id), event_id, run_id))

    async def close(self, code: int, reason: str) -> None:
        """Close the socket, whether the client reads or not."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
