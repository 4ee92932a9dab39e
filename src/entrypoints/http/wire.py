"""The wire: what bodies look like, in and out (see the HTTP contract). Unknown fields are refused."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Generic, Literal, Protocol, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.agents.views import AgentView
from application.paging import Page
from application.runs.views import RunView
from application.sessions.views import SessionView
from application.users.tokens import TokenPair
from application.users.views import UserView
from domain.agents.agent import Sampling, Visibility
from domain.runs.run import RunError, RunStatus, Usage
from domain.sessions.message import Message, MessageStatus, Role, TextPart
from domain.sessions.session import OnActive
from domain.users.credential import ApiKey
from domain.users.user import Plan

T = TypeVar("T")
Metadata = Mapping[str, str]


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


class SignUpIn(In, frozen=True):
    email: str
    password: str
    name: str


class LogInIn(In, frozen=True):
    email: str
    password: str


class RefreshIn(In, frozen=True):
    refresh_token: str


class TokensOut(Out, frozen=True):
    access_token: str
    refresh_token: str
    expires_in: int
    token_type: Literal["bearer"] = "bearer"  # noqa: S105

    @classmethod
    def of(cls, pair: TokenPair) -> "TokensOut":
        return cls(pair.access_token, pair.refresh_token, pair.expires_in)


class UserOut(Out, frozen=True):
    id: str
    email: str
    name: str
    plan: Plan
    created_at: datetime
    updated_at: datetime
    object: Literal["user"] = "user"

    @classmethod
    def of(cls, user: UserView) -> "UserOut":
        return cls(user.id, user.email, user.name, user.plan, user.created_at, user.updated_at)


class SignedUpOut(Out, frozen=True):
    user: UserOut
    access_token: str
    refresh_token: str
    expires_in: int
    token_type: Literal["bearer"] = "bearer"  # noqa: S105


class UserPatchIn(In, frozen=True):
    name: str


class ApiKeyIn(In, frozen=True):
    name: str


class ApiKeyOut(Out, frozen=True):
    id: str
    name: str
    hint: str
    created_at: datetime
    object: Literal["api_key"] = "api_key"

    @classmethod
    def of(cls, key: ApiKey) -> "ApiKeyOut":
        return cls(key.id, key.name, key.hint, key.created_at)


class NewApiKeyOut(Out, frozen=True):
    id: str
    name: str
    hint: str
    created_at: datetime
    key: str
    object: Literal["api_key"] = "api_key"


class SamplingBody(In, frozen=True):
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None

    def to_domain(self) -> Sampling:
        return Sampling(self.temperature, self.top_p, self.max_tokens)


class AgentIn(In, frozen=True):
    slug: str
    name: str
    persona: str
    model: str = "default"
    description: str = ""
    sampling: SamplingBody = SamplingBody()
    visibility: Visibility = Visibility.PRIVATE


class AgentPatchIn(In, frozen=True):
    slug: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    persona: str | UnsetType = UNSET
    model: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    sampling: SamplingBody | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET


class AgentOut(Out, frozen=True):
    id: str
    slug: str
    name: str
    description: str
    persona: str
    model: str
    sampling: SamplingBody
    visibility: Visibility
    owner_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    object: Literal["agent"] = "agent"

    @classmethod
    def of(cls, a: AgentView) -> "AgentOut":
        sampling = SamplingBody(a.sampling.temperature, a.sampling.top_p, a.sampling.max_tokens)
        return cls(
            a.id, a.slug, a.name, a.description, a.persona, a.model, sampling, a.visibility, a.owner_id, a.version,
            a.created_at, a.updated_at,
        )


class SessionIn(In, frozen=True):
    agent_id: str
    title: str | None = None
    metadata: Metadata = {}


class SessionPatchIn(In, frozen=True):
    title: str | UnsetType | None = UNSET
    archived: bool | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET


class SessionOut(Out, frozen=True):
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
        return cls(s.id, s.agent_id, s.title, s.head_seq, s.archived, s.metadata, s.created_at, s.updated_at)


class TextPartIn(In, frozen=True):
    text: str
    type: Literal["text"] = "text"


class MessageIn(In, frozen=True):
    content: str | Annotated[list[TextPartIn], Meta(min_length=1, max_length=64)]
    stream: bool = False
    on_active: OnActive = OnActive.REJECT
    client_message_id: str | None = None

    def parts(self) -> tuple[TextPart, ...]:
        if isinstance(self.content, str):
            return (TextPart(self.content),)
        return tuple(TextPart(part.text) for part in self.content)


class MessageOut(Out, frozen=True):
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
        return cls(m.id, m.session_id, m.seq, m.role, m.content, m.run_id, m.status, m.created_at, m.client_message_id)


class RunOut(Out, frozen=True):
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
        return cls(r.id, r.session_id, r.status, r.attempt, r.usage, r.error, r.created_at, r.finished_at)


class AcceptedOut(Out, frozen=True):
    message: MessageOut
    run: RunOut


class ReplyOut(Out, frozen=True):
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


class Identified(Protocol):
    """What stands in lists."""

    @property
    def id(self) -> str:
        """The identifier that cursors are made of."""


V = TypeVar("V", bound=Identified)


def list_of(page: Page[V], shape: Callable[[V], T]) -> ListOut[T]:
    """Return the envelope of a page whose items take the given shape."""
    items = page.items
    first, last = (items[0].id, items[-1].id) if items else (None, None)
    return ListOut([shape(item) for item in items], first, last, page.has_more)
