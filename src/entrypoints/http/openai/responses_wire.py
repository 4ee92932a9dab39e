"""The wire of responses: what OpenAI's clients send and get. What is not supported is refused by name, never passed over.

Source: https://platform.openai.com/docs/api-reference/responses
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from msgspec import Meta

from application.actor import Actor
from application.idempotency import Once
from application.limits.stream_slots import StreamHold
from application.runs.create_response import CreateResponseCommand
from application.taking_in import Turn
from domain.agents.agent import Sampling
from domain.sessions.message import TEXT_LONGEST, Content, Role, TextPart, text_of
from domain.shared.errors import Invalid
from domain.shared.identifiers import RunId, SessionId, parse_identifier
from domain.shared.rules import bounded_text
from entrypoints.http.bounds import Item, Pairs, Text
from entrypoints.http.openai.errors import UnsupportedValue, unsupported
from entrypoints.http.openai.items import Said, checked, items_said
from entrypoints.http.parameters import session_in_path
from entrypoints.http.wire import In

MOST_ITEMS: Final = 200
# Parameters of OpenAI's that this API does not have, with the values that ask for nothing but what is done anyway.
_ASKING_NOTHING: Final[Mapping[str, tuple[object, ...]]] = {
    "tools": ([],), "tool_choice": ("auto", "none"), "parallel_tool_calls": (True, False), "max_tool_calls": (),
    "text": ({}, {"format": {"type": "text"}}), "reasoning": ({},), "include": ([],), "truncation": ("auto", "disabled"),
    "service_tier": ("auto", "default"), "top_logprobs": (0,), "prompt": (),
    "stream_options": ({}, {"include_obfuscation": False}), "user": (), "safety_identifier": (),
    "prompt_cache_key": (), "prompt_cache_retention": (), "context_management": ([],), "moderation": (),
}


class ConversationRefIn(In, frozen=True):
    """A conversation by its identifier."""

    id: str


class ResponseIn(In, frozen=True):
    """The body of POST /v1/responses. What is null is as if it were left out."""

    input: Text | Annotated[list[Item], Meta(min_length=1, max_length=MOST_ITEMS)]
    model: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    conversation: str | ConversationRefIn | None = None
    previous_response_id: str | None = None
    instructions: Annotated[str, Meta(max_length=TEXT_LONGEST)] | None = None
    stream: bool | None = None
    background: bool | None = None
    store: bool | None = None
    metadata: Pairs | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    max_output_tokens: Annotated[int, Meta(ge=1, le=131_072)] | None = None
    tools: Any = None
    tool_choice: Any = None
    parallel_tool_calls: Any = None
    max_tool_calls: Any = None
    text: Any = None
    reasoning: Any = None
    include: Any = None
    truncation: Any = None
    service_tier: Any = None
    top_logprobs: Any = None
    prompt: Any = None
    stream_options: Any = None
    user: Any = None
    safety_identifier: Any = None
    prompt_cache_key: Any = None
    prompt_cache_retention: Any = None
    context_management: Any = None
    moderation: Any = None

    def command(self, actor: Actor, once: Once | None, hold: StreamHold | None) -> CreateResponseCommand:
        """Return what is asked for; UnsupportedParameter, UnsupportedValue or Invalid naming the parameter at fault."""
        self._check()
        heard = Heard.of(self.input)
        return CreateResponseCommand(
            actor, heard.last, self.model, heard.before, self._conversation(), self._previous(), _clean(self.instructions),
            heard.system, Sampling(self.temperature, self.top_p, self.max_output_tokens), bool(self.background),
            self.metadata or {}, once, hold,
        )

    def _check(self) -> None:
        for name, harmless in _ASKING_NOTHING.items():
            value = getattr(self, name)
            if value is not None and not any(value == one and type(value) is type(one) for one in harmless):
                raise unsupported(name) if not harmless else _unsupported_value(name)
        if self.store is False:
            raise UnsupportedValue(
                "'store' cannot be false: a response is part of a conversation that is kept. Delete it afterwards, or use chat "
                "completions.", param="store",
            )
        if self.conversation is not None and self.previous_response_id is not None:
            raise Invalid("'conversation' and 'previous_response_id' exclude each other.", param="previous_response_id")

    def _conversation(self) -> SessionId | None:
        if self.conversation is None:
            return None
        return session_in_path(self.conversation if isinstance(self.conversation, str) else self.conversation.id)

    def _previous(self) -> RunId | None:
        named = self.previous_response_id
        return None if named is None else RunId(parse_identifier("run", named, param="previous_response_id"))


@dataclass(frozen=True, slots=True)
class Heard:
    """What the input says: the message to be answered, what the two sides said before it, and what the system says."""

    last: Content
    before: tuple[Turn, ...]
    system: str

    @classmethod
    def of(cls, sent: str | list[Mapping[str, Any]]) -> "Heard":
        """Return it; Invalid when it does not end with what the user says."""
        said = [Said(Role.USER, (TextPart(sent),), "input")] if isinstance(sent, str) else items_said(sent, "input")
        system = [_clean(text_of(one.content), f"{one.param}.content") or "" for one in said if one.role is None]
        turns = [one for one in said if one.role is not None]
        if not turns or turns[-1].role is not Role.USER:
            place = turns[-1].param if turns else "input"
            raise Invalid(f"'{place}' must be followed by a message of the user's: that is what is answered.", param=place)
        before = tuple(Turn(one.role, checked(one)) for one in turns[:-1] if one.role is not None)
        return cls(checked(turns[-1]), before, "\n\n".join(text for text in system if text))


def _clean(text: str | None, param: str = "instructions") -> str | None:
    return None if text is None else bounded_text(text, param=param, longest=TEXT_LONGEST, shortest=0)


def _unsupported_value(name: str) -> UnsupportedValue:
    return UnsupportedValue(f"This value of {name!r} is not supported here; leave it out.", param=name)
