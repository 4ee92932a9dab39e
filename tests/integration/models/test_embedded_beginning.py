"""The embedded model goes on where the beginning of its reply ends."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import accumulate

import pytest

from adapters.embedded.model import MODEL_NAME
from application.ports.chat_model import ChatModel, ModelRequest
from domain.agents.agent import Sampling
from domain.runs.prompt import PromptTurn
from entrypoints.ioc.servers import embedded_servers
from entrypoints.settings import Settings
from tests.integration.models.asking import hear
from tests.integration.models.wired import models_of

GREEDY = ModelRequest(
    MODEL_NAME, (PromptTurn("system", "You are a helpful assistant."), PromptTurn("user", "Why is the sky blue?")),
    Sampling(temperature=0.0, max_tokens=40),
)


@pytest.fixture(scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ChatModel]:
    """The models of `onelast up` where everything but the model is set."""
    settings = Settings(
        catalog_dsn="postgresql://unused@127.0.0.1:1/unused", redis_url="redis://127.0.0.1:1",
        data_dir=str(tmp_path_factory.mktemp("model")),
    )
    async with embedded_servers(settings) as found, models_of(found) as models:
        yield models


async def test_it_is_offered_as_one_that_continues(models: ChatModel) -> None:
    assert [(info.name, info.continues) for info in await models.list()] == [(MODEL_NAME, True)]


async def test_the_rest_after_a_beginning_is_the_rest_of_the_whole_reply(models: ChatModel) -> None:
    pieces = [str(chunk) for chunk in (await hear(models, GREEDY))[:-1]]
    whole, beginnings = "".join(pieces), list(accumulate(pieces))
    for beginning in (beginnings[0], beginnings[len(pieces) // 2], beginnings[-5]):
        rest = "".join(str(chunk) for chunk in (await hear(models, replace(GREEDY, beginning=beginning)))[:-1])
        common = min(len(whole) - len(beginning), len(rest))
        assert common > 0
        assert rest[:common] == whole[len(beginning) :][:common]
