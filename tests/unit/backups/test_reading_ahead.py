"""Pieces that are made in advance."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.backup.reading_ahead import ahead


async def counted(count: int, made: list[int], *, breaks: bool = False) -> AsyncIterator[bytes]:
    for number in range(count):
        made.append(number)
        yield bytes([number])
    if breaks:
        raise RuntimeError("the source broke")


async def test_the_same_pieces_come_in_the_same_order() -> None:
    assert [piece async for piece in ahead(counted(100, []))] == [bytes([number]) for number in range(100)]


async def test_a_few_are_made_before_they_are_asked_for_and_no_more() -> None:
    made: list[int] = []
    stream = ahead(counted(100, made), pieces=3)
    await anext(stream)
    await asyncio.sleep(0.01)
    assert 3 <= len(made) <= 5
    await stream.aclose()  # type: ignore[attr-defined]


async def test_what_breaks_is_raised_after_the_pieces_before_it() -> None:
    stream = ahead(counted(5, [], breaks=True))
    assert [await anext(stream) for _ in range(5)] == [bytes([number]) for number in range(5)]
    with pytest.raises(RuntimeError, match="broke"):
        await anext(stream)
