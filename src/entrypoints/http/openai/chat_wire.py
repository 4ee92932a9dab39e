"""The wire of chat completions: what OpenAI's clients send, checked field by field, so that nothing is passed over in silence.

What is valid goes to the provider as it came. Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.completions.complete_chat import Keeping
from domain.sessions.message import TextPart
from domain.shared.errors import Invalid
from domain.shared.rules import bounded_metadata
from entrypoints.http.openai.errors import UnsupportedValue
from entrypoints.http.wire import In

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
# These are ours to act on, and not the provider's.
_OURS: Final = frozenset({"model", "messages", "stream", "stream_options", "store", "n"})


class TextIn(In, frozen=True, tag_field="type", tag="text"):
    """A piece of text."""

    text: str


class ImageUrlIn(In, frozen=True):
    """Where an image is, or the image itself; who fetches it is the provider."""

    url: Annotated[str, Meta(pattern=r"^(https?://|data:image/)")]
    detail: Literal["auto", "low", "high"] | UnsetType = UNSET


class ImageIn(In, frozen=True, tag_field="type", tag="image_url"):
    """An image."""

    image_url: ImageUrlIn


class RefusalIn(In, frozen=True, tag_field="type", tag="refusal"):
    """What the model said when it refused."""

    refusal: str


class SystemIn(In, frozen=True, tag_field="role", tag="system"):
    """Instructions."""

    content: str | Annotated[list[TextIn], Meta(min_length=1)]
    name: str | UnsetType = UNSET


class DeveloperIn(In, frozen=True, tag_field="role", tag="developer"):
    """Instructions, as newer models call them."""

    content: str | Annotated[list[TextIn], Meta(min_length=1)]
    name: str | UnsetType = UNSET


class UserIn(In, frozen=True, tag_field="role", tag="user"):
    """What the user said."""

    content: str | Annotated[list[TextIn | ImageIn], Meta(min_length=1)]
    name: str | UnsetType = UNSET


class CalledIn(In, frozen=True):
    """What a tool was called with, in the model's words."""

    name: str
    arguments: str


class CallIn(In, frozen=True):
    """A call of a tool that the model made; `index` comes along when a client joins the pieces of a stream."""

    id: str
    function: CalledIn
    type: Literal["function"] = "function"
    index: int | UnsetType = UNSET


class AssistantIn(In, frozen=True, tag_field="role", tag="assistant"):
    """What the model said, or the tools that it called; clients send it back as it came, with what was empty in it."""

    content: str | Annotated[list[TextIn | RefusalIn], Meta(min_length=1)] | None | UnsetType = UNSET
    refusal: str | None | UnsetType = UNSET
    name: str | UnsetType = UNSET
    tool_calls: list[CallIn] | None | UnsetType = UNSET
    reasoning: str | None | UnsetType = UNSET
    reasoning_content: str | None | UnsetType = UNSET
    annotations: list[Mapping[str, Any]] | None | UnsetType = UNSET
    audio: None | UnsetType = UNSET
    function_call: None | UnsetType = UNSET


class ToolIn(In, frozen=True, tag_field="role", tag="tool"):
    """What a tool gave back."""

    content: str | Annotated[list[TextIn], Meta(min_length=1)]
    tool_call_id: str


class FunctionIn(In, frozen=True):
    """A function that the model may call; `parameters` is a JSON schema."""

    name: Name
    description: str | UnsetType = UNSET
    parameters: Mapping[str, Any] | UnsetType = UNSET
    strict: bool | None | UnsetType = UNSET


class ToolDefinitionIn(In, frozen=True):
    """A tool; functions are the only kind."""

    function: FunctionIn
    type: Literal["function"]


class ChosenFunctionIn(In, frozen=True):
    """A function by its name."""

    name: Name


class ToolChoiceIn(In, frozen=True):
    """The tool that must be called."""

    function: ChosenFunctionIn
    type: Literal["function"]


class TextFormatIn(In, frozen=True, tag_field="type", tag="text"):
    """Text of any form."""


class ObjectFormatIn(In, frozen=True, tag_field="type", tag="json_object"):
    """Some JSON object."""


class SchemaIn(In, frozen=True, rename={"schema_": "schema"}):
    """A JSON schema with a name."""

    name: Name
    schema_: Mapping[str, Any] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    strict: bool | None | UnsetType = UNSET


class SchemaFormatIn(In, frozen=True, tag_field="type", tag="json_schema"):
    """JSON of a schema."""

    json_schema: SchemaIn


class StreamOptionsIn(In, frozen=True):
    """Whether the usage is told in a chunk of its own before the end."""

    include_usage: bool | None = None


MessageIn = SystemIn | DeveloperIn | UserIn | AssistantIn | ToolIn


class ChatCompletionIn(In, frozen=True):
    """The body of POST /v1/chat/completions. What is null is as if it were left out."""

    model: Annotated[str, Meta(min_length=1, max_length=200)]
    messages: Annotated[list[MessageIn], Meta(min_length=1, max_length=2048)]
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    stop: str | Annotated[list[str], Meta(min_length=1, max_length=4)] | None = None
    n: Annotated[int, Meta(ge=1, le=128, extra_json_schema={"maximum": 1})] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    logit_bias: Mapping[str, Annotated[float, Meta(ge=-100, le=100)]] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    response_format: TextFormatIn | ObjectFormatIn | SchemaFormatIn | None = None
    tools: Annotated[list[ToolDefinitionIn], Meta(min_length=1, max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoiceIn | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    user: Annotated[str, Meta(max_length=256)] | None = None
    metadata: Mapping[str, str] | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptionsIn | None = None

    def check(self) -> None:
        """Return if the fields go together; Invalid names the one that does not."""
        if self.n is not None and self.n > 1:
            raise UnsupportedValue("'n' can only be 1: a completion has one choice here.", param="n")
        if self.stream_options is not None and not self.stream:
            raise Invalid("'stream_options' is only allowed when 'stream' is true.", param="stream_options")
        if self.top_logprobs is not None and not self.logprobs:
            raise Invalid("'top_logprobs' is only allowed when 'logprobs' is true.", param="top_logprobs")
        for param in ("tool_choice", "parallel_tool_calls"):
            if getattr(self, param) is not None and self.tools is None:
                raise Invalid(f"'{param}' is only allowed when 'tools' are given.", param=param)
        if self.metadata is not None:
            bounded_metadata(self.metadata)

    @property
    def tells_usage(self) -> bool:
        """Whether a stream has a chunk with the usage."""
        return self.stream_options is not None and bool(self.stream_options.include_usage)

    def keeping(self) -> Keeping | None:
        """Return what is to be kept; Invalid if the user said no text last."""
        if not self.store:
            return None
        said = next((message.content for message in reversed(self.messages) if isinstance(message, UserIn)), "")
        parts = (TextPart(said),) if isinstance(said, str) else _text_parts(said)
        if not any(part.text.strip() for part in parts):
            raise Invalid("With 'store' the last message of the user must have text.", param="messages")
        return Keeping(parts, self.metadata or {})

    def passed_messages(self) -> list[Mapping[str, object]]:
        """Return the messages as they go to the provider."""
        messages: list[Mapping[str, object]] = msgspec.to_builtins(self.messages)
        return messages

    def options(self) -> Mapping[str, object]:
        """Return the other fields as they go to the provider; metadata of what we keep are ours."""
        given = {
            name: value for name in self.__struct_fields__
            if name not in _OURS and (value := getattr(self, name)) is not None and not (name == "metadata" and self.store)
        }
        options: Mapping[str, object] = msgspec.to_builtins(given)
        return options


def _text_parts(said: list[TextIn | ImageIn]) -> tuple[TextPart, ...]:
    return tuple(TextPart(part.text) for part in said if isinstance(part, TextIn))
