"""Requests that do not come: a client may take its time, and not for ever."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from entrypoints.http.connections import HttpConnection
from entrypoints.http.server import bind, serve_http
from tests.support.application import Application, running_application
from tests.support.memory import NOWHERE, Memory

HEAD = b"POST /v1/auth/login HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 60\r\n"


class Impatient(HttpConnection):
    patience = 0.3


@pytest.fixture(scope="module")
async def application() -> AsyncIterator[Application]:
    async with running_application(NOWHERE, Memory()) as running:
        yield running


@pytest.fixture(scope="module")
async def port(application: Application) -> AsyncIterator[int]:
    listener, ready = bind("127.0.0.1", 0), asyncio.Event()

    async def leave() -> None: ...

    serving = asyncio.create_task(
        serve_http(application.asgi, listener, ready=ready.set, leaving=leave, connection=Impatient)
    )
    await ready.wait()
    yield listener.getsockname()[1]
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def told(port: int, *pieces: bytes, drip: bytes = b"") -> bytes:
    """Return what the server wrote until it closed, to somebody who sends the pieces and then a byte now and then."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.writelines(pieces)
    reading = asyncio.ensure_future(reader.read())
    while drip and not reading.done():
        writer.write(drip)
        await asyncio.wait({reading}, timeout=0.05)
    written = await asyncio.wait_for(reading, 30)
    writer.close()
    return written


def refused(written: bytes, status: int) -> dict[str, Any]:
    head, _, body = written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), written
    assert b"connection: close" in head
    error: dict[str, Any] = json.loads(body)["error"]
    assert f"x-request-id: {error['request_id']}".encode() in head
    return error


async def test_a_head_that_comes_byte_by_byte_is_cut_off(port: int) -> None:
    assert refused(await told(port, b"GET /livez HTTP/1.1\r\nx-slow: ", drip=b"a"), 408)["code"] == "request_timeout"


async def test_a_body_that_comes_byte_by_byte_is_cut_off(port: int) -> None:
    assert refused(await told(port, HEAD, b"\r\n{", drip=b" "), 408)["code"] == "request_timeout"


async def test_a_chunked_body_without_an_end_is_cut_off(port: int) -> None:
    head = HEAD.replace(b"content-length: 60", b"transfer-encoding: chunked")
    assert refused(await told(port, head, b"\r\n1\r\n{\r\n", drip=b"1\r\n \r\n"), 408)["code"] == "request_timeout"


async def test_somebody_who_says_nothing_is_not_kept(port: int) -> None:
    assert await told(port) == b""


async def test_who_was_refused_before_the_body_need_not_send_it_and_is_not_kept(port: int) -> None:
    head = HEAD.replace(b"/v1/auth/login", b"/v1/sessions")
    written = await told(port, head, b"\r\n")
    assert written.startswith(b"HTTP/1.1 401 ")
    assert b"408" not in written


async def test_a_head_without_an_end_is_refused_before_it_fills_the_memory(port: int) -> None:
    assert refused(await told(port, b"GET / HTTP/1.1\r\nx-long: ", drip=b"a" * 65_536), 431)["code"] == "head_too_large"


@pytest.mark.parametrize(
    "wrong", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\r\nnot a header\r\n\r\n", b"PRI * HTTP/9.9\r\n\r\n"]
)
async def test_what_is_no_http_is_refused_in_the_envelope(port: int, wrong: bytes) -> None:
    assert refused(await told(port, wrong), 400)["code"] == "malformed_request"


@pytest.mark.parametrize(
    "lengths",
    [
        b"content-length: 4\r\ntransfer-encoding: chunked\r\n", b"content-length: 4\r\ncontent-length: 5\r\n",
        b"content-length: -1\r\n", b"content-length: 0x4\r\n", b"transfer-encoding: chunked, identity\r\n",
    ],
)
async def test_a_request_whose_end_is_ambiguous_smuggles_nothing(port: int, lengths: bytes) -> None:
    smuggled = b"POST /v1/users HTTP/1.1\r\nhost: test\r\n" + lengths + b"\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nhost: test\r\n\r\n"
    written = await told(port, smuggled)
    assert written.count(b"HTTP/1.1 ") == 1
    assert b"HTTP/1.1 4" in written


async def test_a_stream_that_is_watched_for_longer_is_not_cut_off(application: Application, port: int) -> None:
    caller = await application.api.sign_up()
    run = await caller.begin(await caller.session(await caller.agent("scripted-slow")))
    head = f"GET /v1/runs/{run}/events HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {caller.token}\r\nconnection: close"
    assert b"event: end" in await told(port, head.encode(), b"\r\n\r\n")


async def test_a_connection_between_two_requests_is_kept(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(b"GET /livez HTTP/1.1\r\nhost: test\r\n\r\n")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(2 * Impatient.patience)
    writer.close()
