"""Streams that rest between two reads, over real connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import cast

import aiohttp
import pytest

from adapters.models.coalescing import Coalescing
from adapters.models.openai_compatible import OpenAICompatibleModel
from application.circuit_breaker import CircuitBreaker
from application.ports.completions import CompletionRequest
from tests.integration.models.asking import hear, model_at
from tests.integration.models.provider import DONE, serving, streaming, text

_MANY = 40
_WORDS = [f"word{number} " for number in range(60)]


@pytest.fixture
async def answer() -> AsyncIterator[aiohttp.ClientResponse]:
    """A stream under way."""
    async with (
        serving(streaming(text("a"), then="hang")) as provider, aiohttp.ClientSession() as session,
        session.post(provider.url, json={}) as answer,
    ):
        yield answer


def reads(answer: aiohttp.ClientResponse) -> bool:
    assert answer.connection is not None
    assert answer.connection.transport is not None
    return cast("asyncio.ReadTransport", answer.connection.transport).is_reading()


async def begun(coalescing: Coalescing, answer: aiohttp.ClientResponse) -> "asyncio.Task[None]":
    resting = asyncio.create_task(coalescing.rest(answer))
    await asyncio.sleep(0)
    return resting


async def test_a_stream_among_few_does_not_rest(answer: aiohttp.ClientResponse) -> None:
    coalescing = Coalescing(1.0)
    with coalescing.counting():
        assert (await begun(coalescing, answer)).done()
        assert reads(answer)


async def test_no_stream_rests_where_that_is_turned_off(answer: aiohttp.ClientResponse) -> None:
    coalescing = Coalescing(0.0)
    with ExitStack() as others:
        for _ in range(1_000):
            others.enter_context(coalescing.counting())
        assert (await begun(coalescing, answer)).done()


async def test_a_stream_among_many_is_not_read_while_it_rests_and_then_it_is(answer: aiohttp.ClientResponse) -> None:
    coalescing = Coalescing(1.0)
    with ExitStack() as others:
        for _ in range(_MANY):
            others.enter_context(coalescing.counting())
        resting = await begun(coalescing, answer)
        assert not reads(answer)
        await resting
        assert reads(answer)
        left = await begun(coalescing, answer)
        left.cancel()
        await asyncio.wait({left})
        assert reads(answer)
    assert (await begun(coalescing, answer)).done()


async def test_many_replies_come_whole_in_fewer_pieces() -> None:
    async with (
        serving(streaming(*map(text, _WORDS), DONE)) as provider,
        model_at(provider.url, coalescing=Coalescing(1.0)) as model,
    ):
        replies = await asyncio.gather(*(hear(model) for _ in range(_MANY)))
    for reply in replies:
        assert "".join(map(str, reply)) == "".join(_WORDS)
        assert len(reply) < len(_WORDS) / 2


async def test_many_completions_are_passed_on_whole_in_fewer_pieces() -> None:
    async def passed(model: OpenAICompatibleModel) -> list[bytes]:
        opened = await model.open_completion(CompletionRequest("m", [], {}, streamed=True), CircuitBreaker())
        pieces = [piece async for piece in opened.pieces()]
        opened.close()
        return pieces

    async with (
        serving(streaming(*map(text, _WORDS), DONE)) as provider,
        model_at(provider.url, coalescing=Coalescing(1.0)) as model,
    ):
        replies = await asyncio.gather(*(passed(model) for _ in range(_MANY)))
    for pieces in replies:
        assert all(b"".join(pieces).count(word.encode()) == 1 for word in _WORDS)
        assert len(pieces) < len(_WORDS) / 2
