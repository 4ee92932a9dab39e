"""The embedded language model, asked through the client of model servers."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.embedded.model import CONTEXT_TOKENS, MODEL_NAME, EmbeddedModel
from adapters.models.openai_compatible import OpenAICompatibleModel
from application.ports.chat_model import ModelFailed, ModelInfo, ModelRequest
from domain.agents.agent import Sampling
from domain.runs.prompt import PromptTurn
from domain.runs.run import Usage
from tests.integration.embedded.holding import data_folder, descendants, gone, holding
from tests.integration.models.asking import hear, model_at


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedModel]:
    with data_folder(tmp_path_factory.mktemp("model")) as folder:
        server = await EmbeddedModel.start(folder)
        yield server
        await server.stop()


@pytest.fixture
async def model(server: EmbeddedModel) -> AsyncIterator[OpenAICompatibleModel]:
    async with model_at(server.url, server.api_key, ("*",), context_tokens=CONTEXT_TOKENS) as model:
        yield model


def asking(text: str, most: int) -> ModelRequest:
    turns = (PromptTurn("system", "You tell stories."), PromptTurn("user", text))
    return ModelRequest(MODEL_NAME, turns, Sampling(temperature=0.0, max_tokens=most))


async def work_of(server: EmbeddedModel) -> list[int]:
    """Return how many tokens each reply that is being made has so far, as llama.cpp's own `/slots` tells it."""
    url, headers = server.url.removesuffix("/v1") + "/slots", {"Authorization": f"Bearer {server.api_key}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as answer:
        slots: list[dict[str, Any]] = await answer.json()
    return [slot["next_token"][0]["n_decoded"] for slot in slots if slot["is_processing"]]


async def test_it_offers_one_model(model: OpenAICompatibleModel) -> None:
    (offered,) = await model.list()
    assert offered == ModelInfo(MODEL_NAME, CONTEXT_TOKENS, created=offered.created)


async def test_it_streams_a_reply_piece_by_piece_and_counts_it(model: OpenAICompatibleModel) -> None:
    *pieces, usage = await hear(model, asking("Write a long story about the sea.", 20))
    assert isinstance(usage, Usage)
    assert (usage.output_tokens, usage.input_tokens > 10) == (20, True)
    assert len(pieces) > 5
    assert "sea" in "".join(str(piece) for piece in pieces)


async def test_a_reply_that_nobody_hears_any_more_is_not_made_to_its_end(
    server: EmbeddedModel, model: OpenAICompatibleModel
) -> None:
    async with aclosing(model.stream(asking("Write a long story about the sea.", 1_500))) as pieces:
        assert await anext(pieces)
    while working := await work_of(server):
        assert max(working) < 300


async def test_a_guessed_key_is_refused(server: EmbeddedModel) -> None:
    async with model_at(server.url, "guess", (MODEL_NAME,)) as model:
        with pytest.raises(ModelFailed, match="401"):
            await hear(model, asking("Hello", 5))


async def test_a_stop_leaves_no_process(path: Path) -> None:
    before = descendants()
    with data_folder(path) as folder:
        server = await EmbeddedModel.start(folder)
        started = descendants() - before
        await server.stop()
    await gone(started)
    assert started


async def test_a_killed_parent_leaves_no_model_and_the_next_one_starts(path: Path) -> None:
    async with holding("model", path) as parent:
        servers = parent.servers()
        await parent.kill()
        await gone(servers)
        assert len(servers) == 1
    async with holding("model", path) as parent:
        assert parent.outcome == "up", parent.said
