import asyncio
from typing import Any, cast

from entrypoints.http.joined_head import JoinedHead

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


class Transport:
    """Notes what is written in one go."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        self.writes.append(b"".join(pieces))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def joined(transport: Transport) -> JoinedHead:
    return JoinedHead(cast("asyncio.Transport", transport))


async def test_a_head_leaves_with_its_body() -> None:
    transport = Transport()
    connection = joined(transport)
    for data in (HEAD, b"body", HEAD, b"next", b"rest"):
        connection.write(data)
    assert transport.writes == [HEAD + b"body", HEAD + b"next", b"rest"]
    await asyncio.sleep(0)
    assert len(transport.writes) == 3


async def test_a_head_whose_body_takes_its_time_leaves_before() -> None:
    transport = Transport()
    connection = joined(transport)
    connection.write(HEAD)
    assert transport.writes == []
    await asyncio.sleep(0)
    assert transport.writes == [HEAD]
    connection.write(b"event")
    assert transport.writes == [HEAD, b"event"]


async def test_what_was_held_back_is_written_before_the_end_and_not_after_it() -> None:
    transport = Transport()
    connection = joined(transport)
    connection.write(HEAD)
    connection.close()
    assert (transport.writes, transport.closed) == ([HEAD], True)
    connection.write(HEAD)
    await asyncio.sleep(0)
    assert transport.writes == [HEAD]
