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
    """A model that a provider offers; `context_tokens` bounds prompt and reply together.

    One that `continues` goes on where a given beginning of its reply ends (prefill). `created` is when the provider says that
    it was made, in seconds since 1970; 0 where it does not say.
    """

    name: str
    context_tokens: int
    continues: bool = False
    created: int = 0


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What to ask a model; `beginning` is the part of the reply that exists already, only for a model that `continues`."""

    model: str
    turns: tuple[PromptTurn, ...]
    sampling: Sampling
    beginning: str = ""


@dataclass(frozen=True, slots=True)
class ProviderSwitched:
    """The provider was lost after its first text and another one goes on; `keep`: the text so far stands, else it is replaced."""

    keep: bool


ModelChunk = str | Usage | ProviderSwitched


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
        """Yield the text as it comes (no empty strings, never the beginning), and the usage if it is told; ModelFailed."""
