"""What `useChat` sends. Of its messages only the last is read: the history is ours."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from domain.sessions.message import Content, TextPart, check_content
from domain.sessions.session import OnActive
from domain.shared.errors import Invalid
from entrypoints.http.wire import In


class UiPartIn(msgspec.Struct, frozen=True):
    """A part of a message; what else stands in it belongs to the client."""

    type: str
    text: str | None = None


class UiMessageIn(msgspec.Struct, frozen=True):
    """A message as the client knows it; its own metadata stay with it."""

    role: Literal["system", "user", "assistant"]
    parts: Sequence[UiPartIn]
    id: str | None = None


class ChatIn(In, frozen=True):
    """One request of `useChat`; `id` is a session's identifier or a name of the client's, which needs an `agent_id` once."""

    id: str
    messages: Sequence[UiMessageIn] = ()
    trigger: Literal["submit-message", "regenerate-message"] = "submit-message"
    messageId: str | None = None  # noqa: N815  (the client's spelling)
    agent_id: str | None = None
    on_active: OnActive = OnActive.REJECT

    def said(self) -> tuple[Content, str | None]:
        """Return the text of the last message, and what the client calls it; Invalid names what is not text."""
        place = len(self.messages) - 1
        if place < 0 or self.messages[place].role != "user":
            raise Invalid("The last of 'messages' must be the user's.", param="messages")
        message, param = self.messages[place], f"messages[{place}].parts"
        parts = []
        for number, part in enumerate(message.parts):
            if part.type != "text" or part.text is None:
                raise Invalid(f"A part of type {part.type!r} is not supported; send text.", param=f"{param}[{number}]")
            parts.append(TextPart(part.text))
        try:
            return check_content(tuple(parts)), message.id or None
        except Invalid as refusal:
            raise Invalid(refusal.message.replace("'content'", "The message"), param=param) from None
