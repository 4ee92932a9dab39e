"""A person's HTTP connection: raw bytes out, and of what comes in no more is parsed than is looked at."""

import asyncio
import re
from collections.abc import Callable
from typing import Final, Protocol, cast

_FRAME: Final = re.compile(rb"id: (\d+)\nevent: (\S+)\ndata: (.+)\n\n")
_LAST_CHUNK: Final = b"0\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


class Asker(Protocol):
    """Who asks over the connection, and is told what comes of it."""

    def connected(self) -> None:
        """Hear that the connection stands."""
        ...

    def event(self, seq: int, kind: bytes, data: bytes) -> None:
        """Take an event of the stream."""
        ...

    def answered(self, status: int, body: bytes) -> None:
        """Take the end of an answer; of a stream the body is empty."""
        ...

    def broken(self) -> None:
        """Hear that the connection is gone, with or without a question open."""
        ...


class HttpLine(asyncio.Protocol):
    """One question at a time, the `first` as soon as it stands.

    A frame lies within one chunk, so the chunks' own lines are passed over where frames are looked for.
    """

    __slots__ = ("_asker", "_body_at", "_buffer", "_ends", "_first", "_open", "_status", "_transport")

    def __init__(self, asker: Asker, first: bytes = b"") -> None:
        self._asker: Asker | None = asker
        self._first = first
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._status = self._body_at = self._ends = 0
        self._open = False

    @property
    def ready(self) -> bool:
        """Whether it stands and nothing is asked."""
        return self._transport is not None and not self._open and not self._transport.is_closing()

    def ask(self, request: bytes) -> None:
        """Send a request; what comes is told to the asker."""
        assert self._transport is not None
        self._buffer, self._status, self._body_at, self._ends, self._open = b"", 0, 0, 0, True
        self._transport.write(request)

    def drop(self) -> None:
        """Cut the connection, and tell nobody."""
        self._asker = None
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._asker is None:
            self._transport.abort()
            return
        self._asker.connected()
        if self._first:
            self.ask(self._first)

    def connection_lost(self, exc: Exception | None) -> None:
        asker, self._asker = self._asker, None
        if asker is not None:
            asker.broken()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._status:
            self._look_for_head()
        if self._status and self._asker is not None:
            if self._ends:
                self._look_for_end()
            else:
                self._look_for_frames()

    def _look_for_head(self) -> None:
        at = self._buffer.find(b"\r\n\r\n")
        if at >= 0:
            head = self._buffer[:at]
            found = _LENGTH.search(head)
            self._status, self._body_at = int(head[9:12]), at + 4
            self._ends = self._body_at + int(found[1]) if found else 0

    def _look_for_end(self) -> None:
        if len(self._buffer) >= self._ends:
            self._finish(self._buffer[self._body_at : self._ends])

    def _look_for_frames(self) -> None:
        asker, after = self._asker, 0
        for frame in _FRAME.finditer(self._buffer):
            after = frame.end()
            asker.event(int(frame[1]), frame[2], frame[3])  # type: ignore[union-attr]
            if self._asker is None:
                return
        self._buffer = self._buffer[after:] if after else self._buffer
        if self._buffer.endswith(_LAST_CHUNK):
            self._finish(b"")

    def _finish(self, body: bytes) -> None:
        self._open, self._buffer = False, b""
        if self._asker is not None:
            self._asker.answered(self._status, body)


def connect(
    loop: asyncio.AbstractEventLoop, address: tuple[str, int], line: asyncio.Protocol, failed: Callable[[], None]
) -> None:
    """Connect in the background; `failed` is called when that cannot be."""
    task = loop.create_task(_connect(loop, address, line, failed))
    _connecting.add(task)
    task.add_done_callback(_connecting.discard)


_connecting: Final[set["asyncio.Task[None]"]] = set()


async def _connect(
    loop: asyncio.AbstractEventLoop, address: tuple[str, int], line: asyncio.Protocol, failed: Callable[[], None]
) -> None:
    try:
        await loop.create_connection(lambda: line, *address)
    except OSError:
        failed()
