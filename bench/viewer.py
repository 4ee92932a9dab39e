"""Viewers of event streams: a connection each, whose pieces are kept with the times of their coming and looked at later."""

import asyncio
import re
import time
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Self, TypeVar, cast

from bench.wire import LAST_CHUNK, WrongAnswer

T = TypeVar("T")
_PATIENCE: Final = 60.0
_FRAME: Final = re.compile(rb"id: (\d+)\nevent: (\S+)\ndata: (.+)\n\n")
_LOCATION: Final = re.compile(rb"\r\nlocation: /v1/runs/(\w+)/events\r\n")


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event, and when the whole of it had come (time.perf_counter)."""

    seq: int
    kind: str
    data: bytes
    at: float


class Viewer(asyncio.Protocol):
    """Asks for one stream and reads on until it is closed; `seen` tells of the mark, `ended` of the stream's own end."""

    def __init__(self, ask: bytes, mark: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.seen: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self._ask, self._mark = ask, mark
        self._pieces: list[tuple[float, bytes]] = []
        self._transport: asyncio.Transport

    @classmethod
    async def open(cls, port: int, ask: bytes, mark: bytes) -> Self:
        """Connect and ask, and return when the mark has come; OSError, or WrongAnswer if it never can."""
        _, viewer = await asyncio.get_running_loop().create_connection(lambda: cls(ask, mark), "127.0.0.1", port)
        try:
            await viewer.seen
        except BaseException:
            viewer.close()
            raise
        return viewer

    @property
    def run(self) -> str:
        """The run that is viewed, as the answer's head names it."""
        found = _LOCATION.search(self._pieces[0][1])
        if found is None:
            raise WrongAnswer(f"The answer names no run: {self._pieces[0][1][:500]!r}")
        return found[1].decode()

    def arrivals(self) -> Sequence[Arrival]:
        """Return the events so far."""
        ends = list(accumulate(len(data) for _, data in self._pieces))
        found, piece = [], 0
        for frame in _FRAME.finditer(b"".join(data for _, data in self._pieces)):
            while ends[piece] < frame.end():
                piece += 1
            found.append(Arrival(int(frame[1]), frame[2].decode(), frame[3], self._pieces[piece][0]))
        return found

    def close(self) -> None:
        """Close the connection."""
        self.seen.cancel()
        self.ended.cancel()
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._ask)

    def data_received(self, data: bytes) -> None:
        self._pieces.append((time.perf_counter(), data))
        if not self.seen.done() and self._mark in b"".join(data for _, data in self._pieces):
            self.seen.set_result(None)
        if not self.ended.done() and self._tail().endswith(LAST_CHUNK):
            self.ended.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        told = b"".join(data for _, data in self._pieces)[-500:]
        for waited in (self.seen, self.ended):
            if not waited.done():
                waited.set_exception(WrongAnswer(f"The stream broke: {exc or 'closed by the server'}; last came {told!r}."))
                waited.exception()  # Whoever closes all of them need not ask each.

    def _tail(self) -> bytes:
        return b"".join(data for _, data in self._pieces[-4:])


async def together(waited: Iterable[Awaitable[T]]) -> list[T]:
    """Return what all of these return; WrongAnswer if that takes longer than a minute."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await asyncio.gather(*waited)
    except TimeoutError:
        raise WrongAnswer(f"What should have come on the streams did not come within {_PATIENCE:.0f} s.") from None
