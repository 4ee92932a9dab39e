"""What the fault proxy does to connections."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.fault_proxy import FaultProxy

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class EchoServer:
    """Says back what it is told, and keeps it."""

    def __init__(self) -> None:
        self.heard = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            self.heard += piece
            writer.write(piece)
        writer.close()



@pytest.fixture
async def echo() -> EchoServer:
    return EchoServer()


@pytest.fixture
async def proxy(echo: EchoServer) -> AsyncIterator[FaultProxy]:
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    async with FaultProxy.before(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy
    server.close()


@pytest.fixture
async def ends(proxy: FaultProxy) -> AsyncIterator[Ends]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    yield reader, writer
    writer.close()


async def said(ends: Ends, what: bytes) -> bytes:
    """Say something and return the answer."""
    ends[1].write(what)
    async with asyncio.timeout(10):
        return await ends[0].readexactly(len(what))


async def test_bytes_pass_both_ways(ends: Ends) -> None:
    assert await said(ends, b"one") == b"one"
    assert await said(ends, b"x" * 1_000_000) == b"x" * 1_000_000


async def test_the_end_of_one_side_is_told_to_the_other(ends: Ends) -> None:
    assert await said(ends, b"one") == b"one"
    ends[1].write_eof()
    assert await ends[0].read() == b""


async def test_a_cut_resets_connections_and_lets_new_ones_pass(proxy: FaultProxy, ends: Ends) -> None:
    assert await said(ends, b"one") == b"one"
    proxy.cut()
    with pytest.raises(OSError, match="reset"):
        await said(ends, b"two")
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    assert await said((reader, writer), b"three") == b"three"
    writer.close()


async def test_a_reply_that_is_lost_takes_its_connection_along_but_was_made(
    proxy: FaultProxy, ends: Ends, echo: EchoServer
) -> None:
    assert await said(ends, b"one") == b"one"
    proxy.lose_replies(1)
    with pytest.raises((OSError, EOFError)):
        await said(ends, b"two")
    assert echo.heard == b"onetwo"
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    assert await said((reader, writer), b"three") == b"three"
    writer.close()


async def test_what_is_said_in_the_silence_is_heard_after_it(proxy: FaultProxy, ends: Ends, echo: EchoServer) -> None:
    assert await said(ends, b"one") == b"one"
    proxy.silent = True
    answer = asyncio.create_task(said(ends, b"two"))
    newcomer = asyncio.create_task(asyncio.open_connection("127.0.0.1", proxy.port))
    reader, writer = await newcomer
    await asyncio.sleep(0.05)
    assert echo.heard == b"one"
    assert not answer.done()
    proxy.silent = False
    assert await answer == b"two"
    assert await said((reader, writer), b"three") == b"three"
    writer.close()


async def test_what_is_delayed_arrives_whole(proxy: FaultProxy, ends: Ends) -> None:
    proxy.delay = 0.01
    assert await said(ends, b"x" * 300_000) == b"x" * 300_000


async def test_a_server_that_is_not_there_refuses_through_the_proxy_too() -> None:
    async with FaultProxy.before(1) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises((OSError, EOFError)):
            await said((reader, writer), b"one")
        writer.close()
