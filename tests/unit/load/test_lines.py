"""What the load's raw connections make of bytes, however they are cut."""

from typing import Any

import pytest

from bench.load.files import enough_for, needed
from bench.load.http_line import HttpLine
from bench.load.options import Load
from bench.load.socket_line import SocketLine

FRAME = b'id: %d\nevent: message.delta\ndata: {"text":"%d"}\n\n'
STREAM = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"".join(
    b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (FRAME % (1, 1), b": keep-alive\n\n", FRAME % (2, 2) + FRAME % (3, 3))
) + b"0\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Pipe:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self.written.append(b"closed")

    abort = close


class Hears:
    """Keeps what a connection tells."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def connected(self) -> None:
        self.told.append("connected")

    def event(self, seq: int, kind: bytes, data: bytes) -> None:
        self.told.append((seq, kind, data))

    def answered(self, status: int, body: bytes) -> None:
        self.told.append((status, body))

    def opened(self, status: int) -> None:
        self.told.append(status)

    def frame(self, data: bytes) -> None:
        self.told.append(data)

    def broken(self) -> None:
        self.told.append("broken")


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 50, 10_000])
def test_a_stream_is_told_event_by_event_and_then_its_end(piece: int) -> None:
    hears = Hears()
    line = HttpLine(hears, b"GET")
    line.connection_made(Pipe())  # type: ignore[arg-type]
    for start in range(0, len(STREAM), piece):
        line.data_received(STREAM[start : start + piece])
    events = [(seq, b"message.delta", b'{"text":"%d"}' % seq) for seq in (1, 2, 3)]
    assert hears.told == ["connected", *events, (200, b"")]
    assert line.ready


@pytest.mark.parametrize("piece", [1, 4, 10_000])
def test_an_answer_with_a_length_is_told_whole(piece: int) -> None:
    hears = Hears()
    line = HttpLine(hears, b"GET")
    line.connection_made(Pipe())  # type: ignore[arg-type]
    for start in range(0, len(WHOLE), piece):
        line.data_received(WHOLE[start : start + piece])
    assert hears.told == ["connected", (200, b"hello")]


@pytest.mark.parametrize("piece", [1, 3, 10_000])
def test_a_socket_tells_its_frames_of_every_size_and_answers_pings(piece: int) -> None:
    hears, pipe, texts = Hears(), Pipe(), [b"a" * 5, b"b" * 200, b"c" * 70_000]
    line = SocketLine(b"hello", hears)
    line.connection_made(pipe)  # type: ignore[arg-type]
    data = b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + b"".join(map(_text, texts)) + b"\x89\x02hi"
    for start in range(0, len(data), piece if piece > 1 else 997):
        line.data_received(data[start : start + (piece if piece > 1 else 997)])
    assert hears.told == [101, *texts]
    assert pipe.written == [b"hello", b"\x8a\x82\0\0\0\0hi"]


def test_a_connection_that_was_dropped_tells_nothing_more() -> None:
    hears = Hears()
    line = HttpLine(hears, b"GET")
    line.connection_made(Pipe())  # type: ignore[arg-type]
    line.drop()
    line.data_received(WHOLE)
    line.connection_lost(None)
    assert hears.told == ["connected"]


@pytest.mark.parametrize("load", [Load(workers=1), Load(workers=4), Load(balancer="haproxy"), Load(clients=3)])
def test_a_limit_is_enough_for_as_many_people_as_are_told(load: Load) -> None:
    limit = 20_000
    people = enough_for(load, limit)
    assert needed(Load(people=people, workers=load.workers, balancer=load.balancer, clients=load.client_processes)) <= limit


def _text(text: bytes) -> bytes:
    size = bytes((len(text),)) if len(text) < 126 else (
        b"\x7e" + len(text).to_bytes(2, "big") if len(text) < 65_536 else b"\x7f" + len(text).to_bytes(8, "big")
    )
    return b"\x81" + size + text
