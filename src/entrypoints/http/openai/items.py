"""Items of OpenAI's responses and conversations: messages of text, in and out. Any other kind of item is refused by name.

Source: https://platform.openai.com/docs/api-reference/responses, /conversations
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from application.taking_in import Turn
from domain.sessions.message import Content, Message, MessageStatus, Role, TextPart, check_content
from domain.shared.errors import Invalid
from entrypoints.http.field_names import field_names
from entrypoints.http.openai.errors import UnsupportedValue, unsupported
from entrypoints.http.wire import Out

ItemStatus = Literal["in_progress", "completed", "incomplete"]
_ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": None, "developer": None}
# Clients send items back as they came: what names or describes an item changes nothing.
_OF_A_MESSAGE: Final = frozenset({"type", "role", "content", "id", "status"})
_OF_A_TEXT: Final = frozenset({"type", "text"})
_OF_AN_OUTPUT: Final = frozenset({"type", "text", "annotations", "logprobs"})
_TEXTS: Final = {"input_text": _OF_A_TEXT, "text": _OF_A_TEXT, "output_text": _OF_AN_OUTPUT}


@dataclass(frozen=True, slots=True)
class Said:
    """An item as it was understood; `role` is None for what the system says, and `param` is where it stood."""

    role: Role | None
    content: Content
    param: str


def items_said(items: Sequence[Mapping[str, Any]], param: str) -> list[Said]:
    """Return the items, each a message of text; UnsupportedParameter, UnsupportedValue or Invalid naming what is not."""
    return [_said(item, f"{param}[{place}]") for place, item in enumerate(items)]


def turns_of(said: Sequence[Said]) -> tuple[Turn, ...]:
    """Return what the two sides said; UnsupportedValue for what the system did, where that cannot be kept."""
    turns = []
    for one in said:
        if one.role is None:
            raise UnsupportedValue(
                "A conversation keeps messages of 'user' and 'assistant' alone; send this with a response.",
                param=f"{one.param}.role",
            )
        turns.append(Turn(one.role, checked(one)))
    return tuple(turns)


def checked(said: Said) -> Content:
    """Return the content if it is fit to be kept; Invalid names it as the client did."""
    with field_names(content=said.param if said.param == "input" else f"{said.param}.content"):
        return check_content(said.content)


def _said(item: Mapping[str, Any], param: str) -> Said:
    kind = item.get("type", "message")
    if kind != "message":
        raise UnsupportedValue(f"Items of type {kind!r} are not supported; send messages.", param=f"{param}.type")
    _refuse_others(item, _OF_A_MESSAGE, param)
    role, content = item.get("role"), item.get("content")
    if not isinstance(role, str) or role not in _ROLES:
        raise Invalid(f"'{param}.role' must be 'user', 'assistant', 'system' or 'developer'.", param=f"{param}.role")
    if isinstance(content, str):
        return Said(_ROLES[role], (TextPart(content),), param)
    if not isinstance(content, list) or not content:
        raise Invalid(f"'{param}.content' must be a string or a list of parts.", param=f"{param}.content")
    return Said(_ROLES[role], tuple(_part(part, f"{param}.content[{place}]") for place, part in enumerate(content)), param)


def _part(part: object, param: str) -> TextPart:
    if not isinstance(part, dict):
        raise Invalid(f"'{param}' must be an object.", param=param)
    kind = part.get("type")
    known = _TEXTS.get(kind) if isinstance(kind, str) else None
    if known is None:
        raise UnsupportedValue(f"Content of type {kind!r} is not supported; send text.", param=f"{param}.type")
    _refuse_others(part, known, param)
    text = part.get("text")
    if not isinstance(text, str):
        raise Invalid(f"'{param}.text' must be a string.", param=f"{param}.text")
    return TextPart(text)


def _refuse_others(given: Mapping[str, Any], known: frozenset[str], param: str) -> None:
    for name, value in given.items():
        if name not in known and value is not None:
            raise unsupported(f"{param}.{name}")


class InputTextOut(Out, frozen=True, tag_field="type", tag="input_text"):
    """A piece of what was said."""

    text: str


class OutputTextOut(Out, frozen=True, tag_field="type", tag="output_text"):
    """A piece of a reply."""

    text: str
    annotations: tuple[()] = ()
    logprobs: tuple[()] = ()


class ItemOut(Out, frozen=True):
    """A message as an item."""

    id: str
    role: Role
    status: ItemStatus
    content: Sequence[InputTextOut | OutputTextOut]
    type: Literal["message"] = "message"

    @classmethod
    def of(cls, message: Message) -> "ItemOut":
        """Return the message; one that was broken off is incomplete."""
        shape = InputTextOut if message.role is Role.USER else OutputTextOut
        status: ItemStatus = "completed" if message.status is MessageStatus.COMPLETED else "incomplete"
        return cls(message.id, message.role, status, [shape(part.text) for part in message.content])
