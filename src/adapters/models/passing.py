"""Whom a completion that is passed on is asked of: the same providers, breakers and budget as for replies."""

import logging
from abc import abstractmethod
from dataclasses import replace
from typing import Protocol, runtime_checkable

from adapters.models.candidates import Candidates, Offer
from adapters.models.failures import ModelNotServed
from adapters.models.retry_budget import RetryBudget
from application.circuit_breaker import CircuitBreaker
from application.ports.chat_model import ModelFailed
from application.ports.completions import CompletionRequest, OpenCompletion

_log = logging.getLogger(__name__)


@runtime_checkable
class PassesCompletions(Protocol):
    """A provider that speaks OpenAI's dialect."""

    @abstractmethod
    async def open_completion(self, request: CompletionRequest, breaker: CircuitBreaker) -> OpenCompletion:
        """Return what has begun; CompletionRefused, ModelFailed. The breaker hears how it goes on after that."""


async def open_at_one(candidates: Candidates, request: CompletionRequest, budget: RetryBudget) -> OpenCompletion:
    """Ask one after the other until one begins; CompletionRefused at once, ModelFailed, the last one, if nobody is left."""
    offer = await candidates.next()
    failure = candidates.failure or ModelFailed(f"nobody offers the model {request.model!r}")
    while offer is not None:
        try:
            return await _opened(offer, request)
        except ModelFailed as lost:
            failure = lost
        offer = await candidates.next()
        if offer is None or not budget.spend():
            break
        _log.warning("a provider failed, the next one is asked", extra={"model": offer.info.name, "reason": str(failure)})
    raise failure


async def _opened(offer: Offer, request: CompletionRequest) -> OpenCompletion:
    model, breaker = offer.provider.model, offer.provider.breaker
    if not isinstance(model, PassesCompletions):
        raise ModelNotServed("this provider passes no completions on")
    try:
        return await model.open_completion(replace(request, model=offer.info.name), breaker)
    except ModelNotServed:
        raise
    except ModelFailed:
        breaker.failed()
        raise
