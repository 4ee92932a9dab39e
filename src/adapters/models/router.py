"""Several providers as one."""

import asyncio
import itertools
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final, Protocol, runtime_checkable

from adapters.models.candidates import Candidates, Offer, Provider
from adapters.models.failures import RequestRefused
from adapters.models.passing import open_at_one
from adapters.models.patchwork import Patchwork
from adapters.models.retry_budget import RetryBudget
from application.circuit_breaker import CircuitBreaker
from application.ports.chat_model import ChatModel, ModelChunk, ModelFailed, ModelInfo, ModelRequest
from application.ports.completions import ChatCompletions, CompletionRequest, OpenCompletion

DEFAULT_MODEL: Final = "default"
_log = logging.getLogger(__name__)


@runtime_checkable
class Closing(Protocol):
    """A provider that holds connections."""

    async def close(self) -> None:
        """Let go of them."""


class ModelRouter(ChatModel, ChatCompletions):
    """Sends each request to the first provider, in the order given, that offers its model, and to the next when that one fails.

    Before the first text nobody notices; after it the next provider goes on where the text ends, or begins anew. A request that
    is itself at fault is sent to nobody else. Each provider has a circuit breaker, all share a budget for second tries.

    The name `default` stands for the model given as `default`, else for the first model of the first provider that has any
    (it does not wander to another provider while that one is down). A provider that is down hides its own models only.
    """

    def __init__(
        self, providers: Sequence[ChatModel], default: str | None = None, *,
        new_breaker: Callable[[], CircuitBreaker] = CircuitBreaker, budget: RetryBudget | None = None,
    ) -> None:
        self._providers = tuple(Provider(model, new_breaker()) for model in providers)
        self._default = default
        self._budget = budget or RetryBudget()

    async def find(self, model: str) -> ModelInfo | None:
        """Return the model under its own name; ModelFailed if no provider has it that answers, and one does not."""
        name, failure = await self._own_name(model), None
        for provider in self._providers:
            offer = await provider.offer(name)
            if isinstance(offer, Offer):
                return offer.info
            failure = failure or offer
        if failure is not None:
            raise failure
        return None

    async def list(self) -> Sequence[ModelInfo]:
        """Return the models of the providers that answer, each name once; ModelFailed if none answers."""
        answers = await asyncio.gather(*(_listed(provider.model) for provider in self._providers))
        offers = [answer for answer in answers if not isinstance(answer, ModelFailed)]
        failures = [answer for answer in answers if isinstance(answer, ModelFailed)]
        if failures and not offers:
            raise failures[0]
        models: dict[str, ModelInfo] = {}
        for info in itertools.chain.from_iterable(offers):
            models.setdefault(info.name, info)
        return sorted(models.values(), key=lambda info: info.name != self._default)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelChunk, None]:
        """Stream the model under its own name; ModelFailed, the last one, if nobody is left, and also if nobody offers it."""
        candidates, reply = Candidates(self._providers, await self._own_name(request.model)), Patchwork(request)
        offer = await candidates.next()
        failure = candidates.failure or ModelFailed(f"nobody offers the model {request.model!r}")
        self._budget.earn()
        while offer is not None:
            try:
                async with aclosing(reply.add_from(offer)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except ModelFailed as lost:
                failure, offer = lost, await self._following(offer, lost, reply, candidates)
            else:
                return
        raise failure

    async def open(self, request: CompletionRequest) -> OpenCompletion:
        """Begin a completion that is passed on, at the first provider that answers."""
        candidates = Candidates(self._providers, await self._own_name(request.model))
        self._budget.earn()
        return await open_at_one(candidates, request, self._budget)

    async def close(self) -> None:
        """Close the providers."""
        for provider in self._providers:
            if isinstance(provider.model, Closing):
                await provider.model.close()

    async def _following(self, lost: Offer, failure: ModelFailed, reply: Patchwork, candidates: Candidates) -> Offer | None:
        """Return whom to ask after this failure; None for nobody."""
        if isinstance(failure, RequestRefused):
            # It may be the beginning that is refused, by a server that was said to take one.
            return lost.from_scratch() if reply.goes_on_at(lost) else None
        offer = await candidates.next()
        if offer is None or not (reply.take_prepaid() or self._budget.spend()):
            return None
        _log.warning("a provider failed, the next one is asked", extra={"model": offer.info.name, "reason": str(failure)})
        return offer

    async def _own_name(self, model: str) -> str:
        if model != DEFAULT_MODEL:
            return model
        if self._default is not None:
            return self._default
        for provider in self._providers:
            if models := await provider.model.list():
                return models[0].name
        return model


async def _listed(model: ChatModel) -> Sequence[ModelInfo] | ModelFailed:
    """Return the list, or the failure as a value."""
    try:
        return await model.list()
    except ModelFailed as failure:
        return failure
