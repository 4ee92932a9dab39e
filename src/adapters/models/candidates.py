"""Who may be asked for a model, in order of preference."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from application.circuit_breaker import CircuitBreaker
from application.ports.chat_model import ChatModel, ModelFailed, ModelInfo


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider and what keeps callers from it while it is away."""

    model: ChatModel
    breaker: CircuitBreaker

    async def offer(self, name: str) -> "Offer | ModelFailed | None":
        """Return its offer of the model, None if it has none, or the failure if it cannot say."""
        try:
            info = await self.model.find(name)
        except ModelFailed as failure:
            return failure
        return None if info is None else Offer(self, info)


@dataclass(frozen=True, slots=True)
class Offer:
    """A model at a provider."""

    provider: Provider
    info: ModelInfo

    def from_scratch(self) -> "Offer":
        """Return the same model as one that does not go on with a beginning."""
        return replace(self, info=replace(self.info, continues=False))


class Candidates:
    """Gives out each provider of the model once, those with an open breaker only when their trial is due.

    When all of them rest, the first is given out. `failure` tells of one that could not say whether it has the model.
    """

    def __init__(self, providers: Sequence[Provider], model: str) -> None:
        self._left, self._model = iter(providers), model
        self._resting: Offer | None = None
        self._any_given = False
        self.failure: ModelFailed | None = None

    async def next(self) -> Offer | None:
        """Return whom to ask now; None when nobody is left."""
        for provider in self._left:
            offer = await provider.offer(self._model)
            if isinstance(offer, ModelFailed):
                self.failure = self.failure or offer
            elif offer is not None and provider.breaker.allows():
                self._any_given = True
                return offer
            else:
                self._resting = self._resting or offer
        last, self._resting = self._resting, None
        return None if self._any_given else last
