"""A line for each request. The logging module takes 20 µs for one, a fifth of a cached answer; this takes 3."""

import asyncio
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TextIO

from msgspec import Struct, json

from entrypoints.logging import is_console
from entrypoints.settings import Settings

# Method, path template, status, seconds and the request's identifier.
NoteRequest = Callable[[str, str, int, float, str], None]
_HELD_SECONDS: Final = 0.05
_MOST_HELD: Final = 256
_encode: Final = json.Encoder().encode
_logger: Final = logging.getLogger("onelast.access")


class _Line(Struct):
    method: str
    path: str
    status: int
    ms: float
    request_id: str
    timestamp: str
    event: str = "request"
    level: str = "info"


class JsonAccessLog:
    """Writes what came within 50 ms at once; a killed process loses those lines, an ending one does not."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._held: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def note(self, method: str, path: str, status: int, seconds: float, request_id: str) -> None:
        """Note one answered request."""
        line = _Line(method, path, status, round(seconds * 1_000, 2), request_id, datetime.now(UTC).isoformat())
        self._held.append(_encode(line))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_HELD_SECONDS, self.flush)
        elif len(self._held) >= _MOST_HELD:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, []
        if held:
            self._stream.write(b"\n".join([*held, b""]).decode())
            self._stream.flush()


def note_on_console(method: str, path: str, status: int, seconds: float, request_id: str) -> None:
    """Note one answered request for a person at a terminal."""
    ms = round(seconds * 1_000, 2)
    _logger.info("request", extra={"method": method, "path": path, "status": status, "ms": ms, "request_id": request_id})


def note_nothing(method: str, path: str, status: int, seconds: float, request_id: str) -> None:
    """Leave it: the log's level is too high for requests."""


class AccessLog:
    """The log of requests that the settings ask for; `close` when the last of them was answered."""

    def __init__(self, settings: Settings) -> None:
        self._lines = JsonAccessLog(sys.stderr)
        wanted = logging.getLevelNamesMapping()[settings.log_level] <= logging.INFO
        self.note: NoteRequest = note_nothing if not wanted else note_on_console if is_console(settings) else self._lines.note

    def close(self) -> None:
        """Write what is still held."""
        self._lines.flush()
