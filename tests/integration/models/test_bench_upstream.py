"""The scripted upstream of the measurements, seen by our client."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from application.ports.chat_model import ModelFailed
from bench.upstream import LONG_TEXT, LONG_WORDS, STAMPS, TEXT, start
from domain.runs.run import Usage
from tests.integration.models.asking import hear, hear_failing, model_at, request


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """Serve in this process."""
    server = await start("127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("name", ["scripted-50", "scripted-50-20ms"])
async def test_its_replies_are_whole_alone_and_in_crowds_and_one_after_another(url: str, name: str) -> None:
    async with model_at(url) as model:
        for _ in range(2):
            replies = await asyncio.gather(*(hear(model, request(name)) for _ in range(30)))
            for reply in replies:
                assert "".join(chunk for chunk in reply if isinstance(chunk, str)) == TEXT
                assert reply[-1] == Usage(10, 50)


async def test_a_paced_reply_comes_in_fifty_pieces_and_the_fast_one_in_few(url: str) -> None:
    async with model_at(url) as model:
        assert len(await hear(model, request("scripted-50-20ms"))) > 40
        assert len(await hear(model, request("scripted-50"))) < 10


async def test_replies_that_are_left_do_not_disturb_those_that_follow(url: str) -> None:
    async with model_at(url) as model:
        for _ in range(3):
            async with aclosing(model.stream(request("scripted-50-20ms"))) as chunks:
                assert await anext(chunks) == "word0 "
        assert "".join(str(chunk) for chunk in (await hear(model, request("scripted-50-20ms")))[:-1]) == TEXT


async def test_it_lists_its_models_and_refuses_others(url: str) -> None:
    async with model_at(url, None, ("*",)) as model:
        assert [info.name for info in await model.list()] == [
            "scripted-50", "scripted-50-20ms", "scripted-200-20ms", "scripted-breaks-at-10", "scripted-stalls-at-10",
            "scripted-stamps-20ms", "scripted-fails-first",
        ]
        with pytest.raises(ModelFailed, match="answered 404: There is no such model"):
            await hear(model, request("another"))


async def test_the_long_reply_has_two_hundred_words(url: str) -> None:
    async with model_at(url) as model:
        *words, usage = await hear(model, request("scripted-200-20ms"))
        assert ("".join(map(str, words)), usage) == (LONG_TEXT, Usage(10, 200))


async def test_its_stamps_are_the_times_at_which_it_sent_them(url: str) -> None:
    async with model_at(url) as model:
        began = time.perf_counter_ns()
        *words, _ = await hear(model, request(STAMPS))
        stamps = [int(word) for word in "".join(map(str, words)).split()]
        assert (len(stamps), stamps) == (50, sorted(set(stamps)))
        assert began < stamps[0] < stamps[-1] < time.perf_counter_ns()


@pytest.mark.parametrize(("name", "of"), [("scripted-50", 50), ("scripted-50-20ms", 50), ("scripted-200-20ms", 200)])
@pytest.mark.parametrize("left", [0, 1, 2, 49])
async def test_a_beginning_in_whole_words_is_continued(url: str, name: str, of: int, left: int) -> None:
    beginning, rest = "".join(LONG_WORDS[: of - left]), "".join(LONG_WORDS[of - left : of])
    async with model_at(url, continues=True) as model:
        for _ in range(2):
            *words, usage = await hear(model, replace(request(name), beginning=beginning))
            assert ("".join(map(str, words)), usage) == (rest, Usage(10, of))


@pytest.mark.parametrize("beginning", ["word0 wo", "word1 ", "Something else"])
async def test_another_beginning_is_none(url: str, beginning: str) -> None:
    async with model_at(url, continues=True) as model:
        words = await hear(model, replace(request("scripted-50"), beginning=beginning))
        assert "".join(map(str, words[:-1])) == TEXT


@pytest.mark.parametrize(("name", "said", "why"), [
    ("scripted-fails-first", "", "answered 500: It fails, as it is meant to."),
    ("scripted-breaks-at-10", "".join(LONG_WORDS[:10]), "broke off: "),
    ("scripted-stalls-at-10", "".join(LONG_WORDS[:10]), "fell silent"),
])
async def test_its_faults_are_as_they_are_named(url: str, name: str, said: str, why: str) -> None:
    async with model_at(url, token_timeout=0.1) as model:
        assert (await hear_failing(model, request(name)))[0] == said
        with pytest.raises(ModelFailed, match=why):
            await hear(model, request(name))
        assert "".join(map(str, (await hear(model, request("scripted-50")))[:-1])) == TEXT


async def test_as_a_command_it_prints_the_address_that_it_chose() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.upstream", "--port", "0", cwd=Path(__file__).parents[3], stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        printed = (await process.stdout.readline()).decode().strip()
        async with model_at(printed) as model:
            assert "".join(str(chunk) for chunk in (await hear(model, request("scripted-50")))[:-1]) == TEXT
    finally:
        process.terminate()
        await process.wait()
