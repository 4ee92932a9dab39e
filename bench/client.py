"""A load client that costs next to nothing: callbacks on raw connections, each answer kept as bytes and looked at later."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Self, cast

from bench.wire import LAST_CHUNK, Answer, WrongAnswer

_PATIENCE: Final = 60.0
Take = Callable[[Answer], None]


class Line(asyncio.Protocol):
    """A kept-alive connection that asks the next request as soon as the last is answered whole."""

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests: Iterator[bytes] = iter(())
        self._take: Take
        self._mark: bytes | None = None
        self._transport: asyncio.Transport
        self._pieces: list[bytes] = []
        self._tail = b""
        self._first_at: float | None = None
        self._got, self._body_at, self._ends, self._asked_at = 0, 0, 0, 0.0

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect; OSError if nobody listens."""
        _, line = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return line

    def begin(self, requests: Iterator[bytes], take: Take, mark: bytes | None) -> None:
        """Ask these requests one after the other and give each answer to `take`; `done` tells the end."""
        self._requests, self._take, self._mark = requests, take, mark
        self._ask()

    def close(self) -> None:
        """Close the connection, whatever is under way."""
        if not self.done.done():
            self.done.set_result(None)
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(WrongAnswer(f"The connection was lost: {exc or 'closed by the server'}."))

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._got += len(data)
        if not self._body_at:
            self._look_for_head()
        if self._mark is not None and self._first_at is None and self._mark in data:
            self._first_at = time.perf_counter()
        if self._body_at and self._is_whole(data):
            self._answered()

    def _ask(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            return
        self._pieces, self._tail, self._first_at = [], b"", None
        self._got = self._body_at = self._ends = 0
        self._asked_at = time.perf_counter()
        self._transport.write(request)

    def _look_for_head(self) -> None:
        raw = b"".join(self._pieces)
        self._body_at = raw.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in raw else 0
        head = raw[: self._body_at].lower()
        at = head.find(b"\r\ncontent-length:")
        self._ends = self._body_at + int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if head[9:12] == b"304":
            self._ends = self._body_at

    def _is_whole(self, data: bytes) -> bool:
        if self._ends:
            return self._got >= self._ends
        self._tail = data[-7:] if len(data) >= 7 else (self._tail + data)[-7:]
        return self._tail == LAST_CHUNK

    def _answered(self) -> None:
        first = None if self._first_at is None else self._first_at - self._asked_at
        try:
            self._take(Answer(b"".join(self._pieces), self._body_at, time.perf_counter() - self._asked_at, first))
        except WrongAnswer as problem:
            self.done.set_exception(problem)
        else:
            self._ask()


class Lines:
    """Open connections to one server, driven together."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines

    async def drive(
        self, work: Sequence[Iterator[bytes]], take: Take, *, spread: float = 0.0, mark: bytes | None = None
    ) -> None:
        """Return when each line's work is done, the lines having begun over `spread` seconds; WrongAnswer voids it all."""
        loop = asyncio.get_running_loop()
        for number, (line, requests) in enumerate(zip(self._lines, work, strict=True)):
            loop.call_later(spread * number / len(work), line.begin, requests, take, mark)
        try:
            async with asyncio.timeout(_PATIENCE):
                await asyncio.gather(*(line.done for line in self._lines))
        except TimeoutError:
            raise WrongAnswer(f"The answers did not come within {_PATIENCE:.0f} s.") from None


@asynccontextmanager
async def connected(port: int, count: int) -> AsyncIterator[Lines]:
    """Hold so many connections to a port of this machine."""
    lines = [await Line.open(port) for _ in range(count)]
    try:
        yield Lines(lines)
    finally:
        for line in lines:
            line.close()


async def fetch(port: int, requests: Sequence[bytes], width: int = 16) -> list[Answer]:
    """Return the answers to these requests, in their order."""
    answers: dict[int, Answer] = {}

    async def ask_some(first: int) -> None:
        mine: list[Answer] = []
        async with connected(port, 1) as line:
            await line.drive([iter(requests[first::width])], mine.append)
        answers.update(zip(range(first, len(requests), width), mine, strict=True))

    await asyncio.gather(*map(ask_some, range(min(width, len(requests)))))
    return [answers[number] for number in range(len(requests))]
