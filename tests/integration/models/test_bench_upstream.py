"""The scripted upstream of the measurements, seen by our client."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from application.ports.chat_model import ModelFailed
from bench.upstream import TEXT, start
from domain.runs.run import Usage
from tests.integration.models.asking import hear, model_at, request


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
        assert [info.name for info in await model.list()] == ["scripted-50", "scripted-50-20ms"]
        with pytest.raises(ModelFailed, match="answered 404: There is no such model"):
            await hear(model, request("another"))


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
