"""Several providers as one."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final, Protocol, TypeVar, runtime_checkable

from application.ports.chat_model import ChatModel, ModelChunk, ModelFailed, ModelInfo, ModelRequest

DEFAULT_MODEL: Final = "default"
_Answer = TypeVar("_Answer")


@runtime_checkable
class Closing(Protocol):
    """A provider that holds connections."""

    async def close(self) -> None:
        """Let go of them."""


class ModelRouter(ChatModel):
    """Sends each request to the provider that offers its model; of two that offer one name, to the first.

    The name `default` stands for the model given as `default`, else for the first model of the first provider that has any
    (it does not wander to another provider while that one is down). A provider that is down hides its own models only.
    """

    def __init__(self, providers: Sequence[ChatModel], default: str | None = None) -> None:
        self._providers = tuple(providers)
        self._default = default

    async def find(self, model: str) -> ModelInfo | None:
        """Return the model under its own name; ModelFailed if no provider has it that answers, and one does not."""
        found = await self._locate(model)
        return found[1] if found is not None else None

    async def list(self) -> Sequence[ModelInfo]:
        """Return the models of the providers that answer, each name once; ModelFailed if none answers."""
        answers = await asyncio.gather(*(_attempt(provider.list()) for provider in self._providers))
        offers = [answer for answer in answers if not isinstance(answer, ModelFailed)]
        failures = [answer for answer in answers if isinstance(answer, ModelFailed)]
        if failures and not offers:
            raise failures[0]
        models: dict[str, ModelInfo] = {}
        for info in itertools.chain.from_iterable(offers):
            models.setdefault(info.name, info)
        return sorted(models.values(), key=lambda info: info.name != self._default)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelChunk, None]:
        """Stream from the provider of the model, under the model's own name; ModelFailed also if nobody offers it."""
        found = await self._locate(request.model)
        if found is None:
            raise ModelFailed(f"nobody offers the model {request.model!r}")
        provider, info = found
        async with aclosing(provider.stream(replace(request, model=info.name))) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                yield chunk

    async def close(self) -> None:
        """Close the providers."""
        for provider in self._providers:
            if isinstance(provider, Closing):
                await provider.close()

    async def _locate(self, model: str) -> tuple[ChatModel, ModelInfo] | None:
        name = await self._default_name() if model == DEFAULT_MODEL else model
        failure = None
        if name is None:
            return None
        for provider in self._providers:
            found = await _attempt(provider.find(name))
            if isinstance(found, ModelInfo):
                return provider, found
            failure = failure or found
        if failure is not None:
            raise failure
        return None

    async def _default_name(self) -> str | None:
        if self._default is not None:
            return self._default
        for provider in self._providers:
            if models := await provider.list():
                return models[0].name
        return None


async def _attempt(asked: Coroutine[object, object, _Answer]) -> _Answer | ModelFailed:
    """Return the answer, or the failure as a value."""
    try:
        return await asked
    except ModelFailed as failure:
        return failure
