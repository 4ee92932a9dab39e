"""A model server on loopback whose every byte the test writes."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM_END = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is written, piece by piece, and what happens then: the connection is kept, is silent, is closed or is reset."""

    pieces: tuple[bytes, ...] = ()
    then: Literal["keep", "hang", "close", "reset"] = "keep"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came; `connection` numbers its connection from 1."""

    line: str
    headers: dict[str, str]
    body: Any
    connection: int


@dataclass(slots=True)
class Provider:
    """Gives its answers in order, the last one again and again; `came` and `left` tell of a request and of a client's going."""

    answers: list[Answer]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        number = self.connections
        try:
            while await self._answer(reader, writer, number):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left.set()
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
        self.asked.append(await _read_request(reader, number))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        for piece in answer.pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.002)
        self.came.set()
        if answer.then == "hang":
            await reader.read()
            self.left.set()
        elif answer.then == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        return answer.then == "keep"


@asynccontextmanager
async def serving(*answers: Answer) -> AsyncIterator[Provider]:
    """Serve these answers."""
    provider = Provider(list(answers))
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield provider
    finally:
        server.close()
        await server.wait_closed()


def event(**body: Any) -> bytes:
    """Return a server-sent event as an HTTP chunk."""
    return raw(b"data: " + json.dumps(body).encode() + b"\n\n")


def text(content: str, finish: str | None = None) -> bytes:
    """Return an event with text."""
    return event(choices=[{"index": 0, "delta": {"content": content}, "finish_reason": finish}])


def raw(data: bytes) -> bytes:
    """Return an HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def streaming(*pieces: bytes, then: Literal["keep", "hang", "close", "reset"] = "keep") -> Answer:
    """Return a stream of these pieces; one that is kept open for the next request is ended properly."""
    return Answer((STREAM_HEAD, *pieces, *([STREAM_END] if then == "keep" else [])), then)


def whole(status: int, body: bytes, kind: str = "application/json", extra: str = "") -> Answer:
    """Return an answer that is no stream."""
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return Answer((head.encode() + body,))


DONE = raw(b"data: [DONE]\n\n")
COUNTED = event(choices=[], usage={"prompt_tokens": 7, "completion_tokens": 2})
HELLO = streaming(text("Hel"), text("lo"), text("", "stop"), COUNTED, DONE)


async def _read_request(reader: asyncio.StreamReader, number: int) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(head[0], headers, json.loads(body) if body else None, number)
