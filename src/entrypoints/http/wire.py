"""The wire: what bodies look like, in and out (see the HTTP contract). Unknown fields are refused."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.paging import Page, V
from application.runs.views import RunView
from application.sessions.views import SessionView
from domain.runs.run import RunError, RunStatus, Usage
from domain.sessions.message import Message, MessageStatus, Role, TextPart
from domain.sessions.session import OnActive
from entrypoints.http import bounds

T = TypeVar("T")
Metadata = bounds.Pairs


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ancestor of bodies that callers send."""


class Out(msgspec.Struct, frozen=True):
    """The ancestor of bodies that callers get."""


class ErrorBody(Out, frozen=True):
    """What went wrong; `code` is stable, `param` names the field at fault."""

    type: str
    code: str
    message: str
    param: str | None
    request_id: str


class ErrorOut(Out, frozen=True):
    """The envelope of every error."""

    error: ErrorBody


class ListOut(Out, Generic[T], frozen=True):
    """A page; `after=last_id` asks for the next one."""

    data: Sequence[T]
    first_id: str | None
    last_id: str | None
    has_more: bool
    object: Literal["list"] = "list"


class SessionIn(In, frozen=True):
    """A session to open."""

    agent_id: str
    title: bounds.Title | None = None
    metadata: Metadata = {}


class SessionPatchIn(In, frozen=True):
    """What to change of a session."""

    title: str | UnsetType | None = UNSET
    archived: bool | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET


class SessionOut(Out, frozen=True):
    """A session."""

    id: str
    agent_id: str
    title: str | None
    head_seq: int
    archived: bool
    metadata: Metadata
    created_at: datetime
    updated_at: datetime
    object: Literal["session"] = "session"

    @classmethod
    def of(cls, s: SessionView) -> "SessionOut":
        """Return the shape."""
        return cls(s.id, s.agent_id, s.title, s.head_seq, s.archived, s.metadata, s.created_at, s.updated_at)


class TextPartIn(In, frozen=True):
    """A piece of text."""

    text: bounds.Text
    type: Literal["text"] = "text"


class MessageIn(In, frozen=True):
    """What somebody says."""

    content: bounds.Text | Annotated[list[TextPartIn], Meta(min_length=1, max_length=64)]
    stream: bool = False
    on_active: OnActive = OnActive.REJECT
    client_message_id: bounds.OwnName | None = None

    def parts(self) -> tuple[TextPart, ...]:
        """Return what is said."""
        if isinstance(self.content, str):
            return (TextPart(self.content),)
        return tuple(TextPart(part.text) for part in self.content)


class MessageOut(Out, frozen=True):
    """A message."""

    id: str
    session_id: str
    seq: int
    role: Role
    content: tuple[TextPart, ...]
    run_id: str
    status: MessageStatus
    created_at: datetime
    client_message_id: str | None
    object: Literal["message"] = "message"

    @classmethod
    def of(cls, m: Message) -> "MessageOut":
        """Return the shape."""
        return cls(m.id, m.session_id, m.seq, m.role, m.content, m.run_id, m.status, m.created_at, m.client_message_id)


class RunOut(Out, frozen=True):
    """A run: a reply, and how far it has come."""

    id: str
    session_id: str
    status: RunStatus
    attempt: int
    usage: Usage | None
    error: RunError | None
    created_at: datetime
    finished_at: datetime | None
    object: Literal["run"] = "run"

    @classmethod
    def of(cls, r: RunView) -> "RunOut":
        """Return the shape."""
        return cls(r.id, r.session_id, r.status, r.attempt, r.usage, r.error, r.created_at, r.finished_at)


class AcceptedOut(Out, frozen=True):
    """What was said, and the run that answers it."""

    message: MessageOut
    run: RunOut


class ReplyOut(Out, frozen=True):
    """A reply that was waited for."""

    message: MessageOut
    reply: MessageOut | None
    run: RunOut


class DeletedOut(Out, frozen=True):
    """What is left of a thing that was removed."""

    id: str
    object: str
    deleted: Literal[True] = True


class ComponentOut(Out, frozen=True):
    """One dependency of the service and, when it does not work, what is wrong in words."""

    name: str
    ok: bool
    detail: str


class ReadinessOut(Out, frozen=True):
    """Whether this node can serve; `components` tells of each dependency."""

    ready: bool
    components: Sequence[ComponentOut]


def list_of(page: Page[V], shape: Callable[[V], T]) -> ListOut[T]:
    """Return the envelope of a page whose items take the given shape."""
    items = page.items
    first, last = (items[0].id, items[-1].id) if items else (None, None)
    return ListOut([shape(item) for item in items], first, last, page.has_more)
