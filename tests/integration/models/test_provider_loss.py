"""Model servers in processes of their own, one of which is lost while it streams."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

import pytest

from application.ports.chat_model import ChatModel, ModelChunk, ModelRequest, ProviderSwitched
from bench.upstream import TEXT
from domain.runs.run import Usage
from entrypoints.settings import read_settings
from tests.integration.models.asking import hear, request
from tests.integration.models.wired import models_of
from tests.support.processes import Program, running

PACED = request("scripted-50-20ms")
WORDS_BEFORE_THE_LOSS = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Two model servers, the first of which is preferred, and their client."""

    first: Program
    models: ChatModel


async def started(stack: AsyncExitStack) -> tuple[Program, str]:
    """Return a model server and its address."""
    program = await stack.enter_async_context(running(sys.executable, "-m", "bench.upstream"))
    await program.says("/v1")
    return program, program.out.strip()


@pytest.fixture(params=["true", "false"])
async def continues(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def place(continues: str) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        (first, url), (_, other_url) = await started(stack), await started(stack)
        settings = read_settings({
            "ONELAST_UPSTREAM_URL": f"{url},{other_url}", "ONELAST_UPSTREAM_CONTINUES": f"false,{continues}",
            "ONELAST_UPSTREAM_FIRST_TOKEN_TIMEOUT": "1", "ONELAST_UPSTREAM_TOKEN_TIMEOUT": "0.5",
        })
        yield Place(first, await stack.enter_async_context(models_of(settings)))


async def hear_and_lose(place: Place, number: signal.Signals) -> list[ModelChunk]:
    """Hear a reply out whose provider gets a signal in the middle."""
    heard: list[ModelChunk] = []
    async with aclosing(place.models.stream(PACED)) as chunks:  # type: ignore[type-var]
        async for chunk in chunks:
            heard.append(chunk)
            if len(heard) == WORDS_BEFORE_THE_LOSS:
                place.first.send(number)
    return heard


def words_of(chunks: list[ModelChunk]) -> str:
    """Return the text in these chunks."""
    return "".join(chunk for chunk in chunks if isinstance(chunk, str))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_reply_whose_provider_is_killed_or_frozen_in_the_middle_is_whole(
    place: Place, continues: str, number: signal.Signals
) -> None:
    heard = await hear_and_lose(place, number)
    at = next(place for place, chunk in enumerate(heard) if isinstance(chunk, ProviderSwitched))
    before, switch, after = words_of(heard[:at]), heard[at], words_of(heard[at + 1 :])
    assert len(before.split()) >= WORDS_BEFORE_THE_LOSS
    assert switch == ProviderSwitched(keep=continues == "true")
    assert (before + after if continues == "true" else after) == TEXT
    assert heard[-1] == Usage(10, 50)


@pytest.mark.parametrize("continues", ["true"], indirect=True)
async def test_of_many_replies_none_is_lost_with_their_provider(place: Place) -> None:
    async def heard_by_one(asked: ModelRequest, begun: asyncio.Event) -> str:
        text = ""
        async with aclosing(place.models.stream(asked)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                text += chunk if isinstance(chunk, str) else ""
                begun.set()
        return text

    begun = [asyncio.Event() for _ in range(200)]
    listening = [asyncio.create_task(heard_by_one(request("scripted-50-20ms"), event)) for event in begun]
    for event in begun:
        await event.wait()
    place.first.send(signal.SIGKILL)
    assert set(await asyncio.gather(*listening)) == {TEXT}


@pytest.mark.parametrize("continues", ["false"], indirect=True)
async def test_a_provider_that_is_gone_before_it_is_asked_is_not_missed(place: Place) -> None:
    assert await place.models.find("scripted-50") is not None
    await place.first.end(signal.SIGKILL)
    for _ in range(10):
        heard = await hear(place.models, request("scripted-50"))
        assert (words_of(heard), heard[-1]) == (TEXT, Usage(10, 50))
        assert not [chunk for chunk in heard if isinstance(chunk, ProviderSwitched)]
