"""When commands leave: alone while nothing is awaited, else with those that are sent in the same round of the loop."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.redis.places import OneServer
from adapters.redis.server_pipe import ServerPipe

PONG = b"+PONG\r\n"
PING = b"*1\r\n$4\r\nPING\r\n"


class Server:
    """Notes what comes in one go, and answers when it is told to."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()
        self.writer: asyncio.StreamWriter
        self.left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        while data := await reader.read(65_536):
            self.heard.put_nowait(data)
        writer.close()
        self.left.set()


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def pipe(server: Server) -> AsyncIterator[ServerPipe]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    pipe = ServerPipe(OneServer(f"redis://127.0.0.1:{port}"), patience=5.0)
    opening = asyncio.create_task(pipe.open())
    assert await server.heard.get() == PING
    server.writer.write(PONG)
    await opening
    yield pipe
    await pipe.close()
    listening.close()
    await server.left.wait()


async def test_the_first_command_leaves_at_once_and_those_behind_it_together(server: Server, pipe: ServerPipe) -> None:
    first = pipe.submit([("PING",)])
    assert await server.heard.get() == PING
    later = [pipe.submit([("ECHO", str(number))]) for number in range(3)]
    assert await server.heard.get() == b"".join(b"*2\r\n$4\r\nECHO\r\n$1\r\n%d\r\n" % number for number in range(3))
    server.writer.write(PONG + b"$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n")
    assert await asyncio.gather(first, *later) == [[b"PONG"], [b"0"], [b"1"], [b"2"]]
    assert server.heard.empty()


async def test_what_has_not_left_when_the_connection_breaks_fails_too(server: Server, pipe: ServerPipe) -> None:
    asked = [pipe.submit([("PING",)]) for _ in range(3)]
    server.writer.close()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [str(answer) for answer in answers] == ["The connection to the Redis or Valkey server broke."] * 3
