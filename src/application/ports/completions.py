"""Chat completions in OpenAI's words, passed through: what is asked and answered is not ours to read, but for its usage."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.runs.run import Usage
from domain.shared.errors import Invalid


class CompletionRefused(Invalid):
    """The provider finds fault with the request; `message` and `param` are its own, fit for the caller."""

    code = "refused_by_provider"


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A validated request: `messages` and `options` are JSON values under OpenAI's names.

    `options` are all the other fields but `model`, `stream` and `stream_options`, which are the adapter's affair.
    """

    model: str
    messages: Sequence[Mapping[str, object]]
    options: Mapping[str, object]
    streamed: bool


@dataclass(frozen=True, slots=True)
class CompletionUsage:
    """Tokens as the provider counted them; `told` is the JSON object in which it said so."""

    counted: Usage
    told: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """What the model wrote: `reply` is what is shown, `text` also refusals, reasoning, and names and arguments of tool calls."""

    text: str
    reply: str


class OpenCompletion(Protocol):
    """An answer that a provider has begun. Close it in the end; closing early ends the generation there."""

    @abstractmethod
    def pieces(self) -> AsyncIterator[bytes]:
        """Yield the answer as the provider writes it, once; ModelFailed when it is lost.

        Streamed: whole server-sent events, each ended by a blank line of LF, those that came together in one piece; never the
        usage (it is taken out of events) nor `[DONE]`. Else one piece: the JSON object.
        """

    @property
    @abstractmethod
    def usage(self) -> CompletionUsage | None:
        """Return what the provider counted, if it has by now."""

    @abstractmethod
    def written(self) -> Written:
        """Return what was written so far."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the provider."""


class ChatCompletions(Protocol):
    """One or several providers."""

    @abstractmethod
    async def open(self, request: CompletionRequest) -> OpenCompletion:
        """Return the answer once its first event, or the whole of it, has come; CompletionRefused, ModelFailed.

        Until then the next provider is asked when one fails, as for replies; a refusal is final.
        """
