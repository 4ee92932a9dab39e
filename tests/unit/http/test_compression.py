"""The layer around applications that answer with anything."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from entrypoints.http.compression import Compression
from tests.unit.http.test_negotiation import decoded

Headers = dict[bytes, bytes]
JSON = {b"content-type": b"application/json"}
TEXT = json.dumps({"say": "to be or not to be " * 200}).encode()


def answering(*pieces: bytes, status: int = 200, headers: Headers = JSON) -> Any:
    """Return an application whose answers come in these pieces; a body in one piece says how long it is."""
    length = {b"content-length": b"%d" % len(pieces[0])} if len(pieces) == 1 else {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list({**headers, **length}.items())})
        for number, piece in enumerate(pieces, 1):
            await send({"type": "http.response.body", "body": piece, "more_body": number < len(pieces)})

    return application


async def messages_of(application: Any, accept: bytes | None = b"gzip, br, zstd") -> list[Any]:
    """Return what a server would be told to send."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [] if accept is None else [(b"accept-encoding", accept)]
    await Compression(application)({"type": "http", "method": "GET", "headers": headers}, None, send)  # type: ignore[arg-type]
    return sent


async def answer_of(application: Any, accept: bytes | None = b"gzip, br, zstd") -> tuple[Headers, list[bytes]]:
    """Return the headers, of which none comes twice, and the pieces of the body."""
    start, *rest = await messages_of(application, accept)
    headers = dict(start["headers"])
    assert len(headers) == len(start["headers"])
    return headers, [message["body"] for message in rest]


def is_bare(answer: tuple[Headers, list[bytes]], pieces: Sequence[bytes]) -> bool:
    """Whether the body came as the application made it."""
    return b"content-encoding" not in answer[0] and answer[1] == list(pieces)


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
async def test_a_body_comes_in_the_coding_that_the_caller_takes(coding: str) -> None:
    headers, (body,) = await answer_of(answering(TEXT), coding.encode())
    assert headers[b"content-encoding"] == coding.encode()
    assert headers[b"content-length"] == b"%d" % len(body)
    assert headers[b"vary"] == b"Accept-Encoding"
    assert len(body) < len(TEXT)
    assert decoded(coding, body) == TEXT


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
async def test_a_large_body_too(coding: str) -> None:
    headers, (body,) = await answer_of(answering(TEXT * 60), coding.encode())
    assert headers[b"content-length"] == b"%d" % len(body)
    assert decoded(coding, body) == TEXT * 60


@pytest.mark.parametrize("accept", [None, b"", b"identity", b"deflate", b"gzip;q=0"])
async def test_who_takes_no_coding_gets_the_bare_body_and_caches_are_told(accept: bytes | None) -> None:
    answer = await answer_of(answering(TEXT), accept)
    assert is_bare(answer, [TEXT])
    assert answer[0][b"vary"] == b"Accept-Encoding"
    assert answer[0][b"content-length"] == b"%d" % len(TEXT)


async def test_a_small_body_stays_bare_unless_that_is_refused() -> None:
    assert is_bare(await answer_of(answering(TEXT[:1_023])), [TEXT[:1_023]])
    assert not is_bare(await answer_of(answering(TEXT[:1_024])), [TEXT[:1_024]])
    headers, (body,) = await answer_of(answering(b"{}"), b"gzip, identity;q=0")
    assert (headers[b"content-encoding"], decoded("gzip", body)) == (b"gzip", b"{}")
    assert is_bare(await answer_of(answering(b""), b"gzip, identity;q=0"), [b""])


async def test_a_body_that_would_grow_stays_bare() -> None:
    noise = Random(1).randbytes(3_000)
    assert is_bare(await answer_of(answering(noise)), [noise])


@pytest.mark.parametrize(
    "kind", ["text/html; charset=utf-8", "text/plain", "application/vnd.oai.openapi+json", "image/svg+xml", "Application/JSON"]
)
async def test_what_is_text_is_compressed(kind: str) -> None:
    assert not is_bare(await answer_of(answering(TEXT, headers={b"content-type": kind.encode()})), [TEXT])


@pytest.mark.parametrize(
    "kind", ["text/event-stream; charset=utf-8", "image/png", "application/zip", "application/octet-stream", "font/woff2"]
)
async def test_what_is_compressed_already_and_event_streams_are_left_alone(kind: str) -> None:
    answer = await answer_of(answering(TEXT, headers={b"content-type": kind.encode()}))
    assert is_bare(answer, [TEXT])
    assert b"vary" not in answer[0]


@pytest.mark.parametrize("status", [204, 206, 304])
async def test_answers_without_a_whole_body_are_left_alone(status: int) -> None:
    answer = await answer_of(answering(TEXT, status=status))
    assert is_bare(answer, [TEXT])
    assert b"vary" not in answer[0]


@pytest.mark.parametrize(
    "headers", [{b"content-encoding": b"br"}, {b"cache-control": b"private, no-store, no-transform"}]
)
async def test_what_says_so_is_left_as_it_is(headers: Headers) -> None:
    told, pieces = await answer_of(answering(TEXT, headers=JSON | headers))
    assert pieces == [TEXT]
    assert told == JSON | headers | {b"content-length": b"%d" % len(TEXT)}


async def test_a_body_in_pieces_is_passed_on_piece_by_piece() -> None:
    pieces = [TEXT, TEXT, b""]
    messages = await messages_of(answering(*pieces))
    assert [message["type"] for message in messages] == ["http.response.start", *["http.response.body"] * 3]
    assert [message["body"] for message in messages[1:]] == pieces
    assert dict(messages[0]["headers"]) == JSON | {b"vary": b"Accept-Encoding"}


async def test_the_head_of_an_event_stream_does_not_wait_for_its_first_event() -> None:
    seen: list[Any] = []

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        assert len(seen) == 1

    async def send(message: Any) -> None:
        seen.append(message)

    await Compression(stream)({"type": "http", "method": "GET", "headers": []}, None, send)  # type: ignore[arg-type]
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("vary", "told"), [(b"Cookie", b"Cookie, Accept-Encoding"), (b"accept-encoding", b"accept-encoding"), (b"*", b"*")]
)
async def test_what_the_answer_varies_with_already_stays(vary: bytes, told: bytes) -> None:
    headers, _ = await answer_of(answering(TEXT, headers=JSON | {b"vary": vary}))
    assert headers[b"vary"] == told


@pytest.mark.parametrize(("accept", "tag"), [(b"gzip", b'W/"a"'), (b"", b'"a"')])
async def test_a_strong_tag_is_weak_on_another_body_than_the_one_it_names(accept: bytes, tag: bytes) -> None:
    headers, _ = await answer_of(answering(TEXT, headers=JSON | {b"etag": b'"a"'}), accept)
    assert headers[b"etag"] == tag


async def test_what_is_not_http_passes() -> None:
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.complete"})

    async def send(message: Any) -> None:
        seen.append(message)

    await Compression(application)({"type": "lifespan"}, None, send)  # type: ignore[arg-type]
    assert seen == [{"type": "lifespan.startup.complete"}]
