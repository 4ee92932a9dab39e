"""Language models."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.agents.agent import Sampling
from domain.runs.prompt import PromptTurn
from domain.runs.run import Usage
from domain.shared.errors import Unavailable


class ModelFailed(Unavailable):
    """The provider refused, broke off, or cannot be reached; the message is for the log, not for users."""

    code = "model_unavailable"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that a provider offers; `context_tokens` bounds prompt and reply together."""

    name: str
    context_tokens: int


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What to ask a model."""

    model: str
    turns: tuple[PromptTurn, ...]
    sampling: Sampling


ModelChunk = str | Usage


class ChatModel(Protocol):
    """One or several providers. Closing the iterator early ends the generation at the provider."""

    @abstractmethod
    async def find(self, model: str) -> ModelInfo | None:
        """Return the model by its name, or None when nobody offers it; ModelFailed when that cannot be known now."""

    @abstractmethod
    async def list(self) -> Sequence[ModelInfo]:
        """Return what can be asked for, the default first."""

    @abstractmethod
    def stream(self, request: ModelRequest) -> AsyncIterator[ModelChunk]:
        """Yield the reply's text as it comes (never empty strings), and the usage if the provider tells it; ModelFailed."""
