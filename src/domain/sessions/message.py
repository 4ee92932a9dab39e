"""What was said: append-only, numbered from 1 without gaps within a session."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from domain.shared.errors import Invalid, NotFound
from domain.shared.identifiers import MessageId, RunId, SessionId

TEXT_LONGEST: Final = 100_000


class MessageNotFound(NotFound):
    """There is no such message, or not for this caller."""

    code = "message_not_found"


class Role(StrEnum):
    """Who spoke."""

    USER = "user"
    ASSISTANT = "assistant"


class MessageStatus(StrEnum):
    """Whether the text is whole: completed, stopped by the user, or broken off by a failure."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of plain text."""

    text: str
    type: Literal["text"] = "text"


Content = tuple[TextPart, ...]


def text_of(content: Content) -> str:
    """Return the text of all parts, joined."""
    return "".join(part.text for part in content)


def check_content(content: Content) -> Content:
    """Return what a user sent when it has text, at most 100,000 characters in at most 64 parts, and no U+0000."""
    text = text_of(content)
    if not text.strip() or len(text) > TEXT_LONGEST or len(content) > 64:
        raise Invalid(f"'content' must have 1 to {TEXT_LONGEST} characters of text.", param="content")
    if "\x00" in text:
        raise Invalid("'content' must not contain the character U+0000.", param="content")
    return content


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `seq` is its place in the session, `run_id` the run that it began or that made it."""

    id: MessageId
    session_id: SessionId
    seq: int
    role: Role
    content: Content
    run_id: RunId
    status: MessageStatus
    created_at: datetime
    client_message_id: str | None = None
