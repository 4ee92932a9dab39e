"""Asking a model and hearing it out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

from adapters.models.openai_compatible import OpenAICompatibleModel
from application.ports.chat_model import ChatModel, ModelChunk, ModelFailed, ModelRequest
from domain.agents.agent import Sampling
from domain.runs.prompt import PromptTurn

PROMPT = (PromptTurn("system", "You are the sea."), PromptTurn("user", "Sing of the wine-dark waves"))


def request(model: str = "m", **sampling: Any) -> ModelRequest:
    """Return a request."""
    return ModelRequest(model, PROMPT, Sampling(**sampling))


@asynccontextmanager
async def model_at(
    url: str, api_key: str | None = None, models: tuple[str, ...] = ("m",), **named: Any
) -> AsyncIterator[OpenAICompatibleModel]:
    """Give a client of the server and close it."""
    model = OpenAICompatibleModel(url, api_key, models, **named)
    try:
        yield model
    finally:
        await model.close()


async def hear(model: ChatModel, asked: ModelRequest | None = None) -> list[ModelChunk]:
    """Return all that the model says."""
    return [chunk async for chunk in model.stream(asked or request())]


async def hear_failing(model: OpenAICompatibleModel, asked: ModelRequest | None = None) -> tuple[str, str]:
    """Return the text that came before the failure, and the failure's message."""
    said = ""
    async with aclosing(model.stream(asked or request())) as chunks:
        try:
            async for chunk in chunks:
                said += str(chunk)
        except ModelFailed as failure:
            return said, str(failure)
    raise AssertionError(f"it did not fail, and said {said!r}")


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    """Return once it looks so; the test's own time limit ends a vain wait."""
    if not await look():
        await asyncio.sleep(0.001)
        await eventually(look)
