"""The parts of OpenAI's chat completions that we send and read; what else comes is passed over.

Source: https://platform.openai.com/docs/api-reference/chat
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from domain.runs.prompt import PromptTurn


class Turn(Struct, frozen=True):
    """One message of the prompt."""

    role: Literal["system", "user", "assistant"]
    content: str

    @classmethod
    def of(cls, turn: PromptTurn) -> "Turn":
        """Return the turn as it is sent."""
        return cls(turn.role, turn.text)


class StreamOptions(Struct, frozen=True):
    """Asks for the usage in a chunk of its own before the end."""

    include_usage: bool = True


class CompletionRequest(Struct, frozen=True):
    """The body of POST /chat/completions; what is unset is left to the provider.

    The two flags for a beginning of the reply are vLLM's.
    Source: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
    """

    model: str
    messages: list[Turn]
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    max_tokens: int | UnsetType = UNSET
    stream: Literal[True] = True
    stream_options: StreamOptions | UnsetType = UNSET
    continue_final_message: bool | UnsetType = UNSET
    add_generation_prompt: bool | UnsetType = UNSET


class Delta(Struct, frozen=True, gc=False):
    """More of the reply."""

    content: str | None = None


class Choice(Struct, frozen=True, gc=False):
    """One of the alternative replies; we ask for one."""

    delta: Delta | None = None
    finish_reason: str | None = None


class TokenCounts(Struct, frozen=True, gc=False):
    """What the provider counted."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class ErrorBody(Struct, frozen=True):
    """What a provider says went wrong; `param` names the field at fault."""

    message: str | None = None
    param: str | None = None


class CompletionChunk(Struct, frozen=True, gc=False):
    """One event of the stream."""

    choices: list[Choice] = []
    usage: TokenCounts | None = None
    error: ErrorBody | str | None = None


class Refusal(Struct, frozen=True):
    """The body of an answer that is no stream, in the spellings of OpenAI, Ollama, vLLM and FastAPI."""

    error: ErrorBody | str | None = None
    message: str | None = None
    detail: str | None = None

    @property
    def reason(self) -> str | None:
        """What the provider said, if it said anything."""
        said = self.error.message if isinstance(self.error, ErrorBody) else self.error
        return said or self.message or self.detail

    @property
    def param(self) -> str | None:
        """The field that the provider finds fault with, if it names one."""
        return self.error.param if isinstance(self.error, ErrorBody) else None


class ListedModel(Struct, frozen=True):
    """One entry of GET /models; vLLM adds the length of the context."""

    id: str
    max_model_len: int | None = None
    created: int | None = None


class ListedModels(Struct, frozen=True):
    """The body of GET /models."""

    data: list[ListedModel]
