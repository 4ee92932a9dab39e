"""The wire of shares. What everybody may read is listed here field by field: nothing of the owner's comes along by itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from application.sessions.links import Link
from application.sessions.views import SharedMessage, SharedSession
from domain.sessions.message import Role, TextPart
from domain.sessions.share import SharedAgent
from entrypoints.http.wire import In, Out


class ShareIn(In, frozen=True):
    """Nothing can be chosen yet."""


class ShareOut(Out, frozen=True):
    """A link; `token` and `path` are null where it can be told no more, and sharing the session again makes them anew."""

    id: str
    session_id: str
    token: str | None
    path: str | None
    head_seq: int
    created_at: datetime
    updated_at: datetime
    object: Literal["share"] = "share"

    @classmethod
    def of(cls, link: Link) -> "ShareOut":
        """Return the body for the owner."""
        share, token = link.share, link.token
        path = None if token is None else f"/v1/shared/{token}"
        return cls(share.id, share.session_id, token, path, share.head_seq, share.created_at, share.updated_at)


class SharedAgentOut(Out, frozen=True):
    """With whom the talk was; `id` is null unless the agent was public."""

    id: str | None
    name: str

    @classmethod
    def of(cls, agent: SharedAgent) -> "SharedAgentOut":
        """Return the part that everybody may see."""
        return cls(agent.id, agent.name)


class SharedMessageOut(Out, frozen=True):
    """What was said, and by which side."""

    role: Role
    seq: int
    content: tuple[TextPart, ...]
    created_at: datetime

    @classmethod
    def of(cls, message: SharedMessage) -> "SharedMessageOut":
        """Return the part that everybody may see."""
        return cls(message.role, message.seq, message.content, message.created_at)


class SharedOut(Out, frozen=True):
    """What a link shows, with a page of its messages; `after=last_seq` asks for the next one."""

    title: str | None
    agent: SharedAgentOut | None
    head_seq: int
    shared_at: datetime
    data: Sequence[SharedMessageOut]
    first_seq: int | None
    last_seq: int | None
    has_more: bool
    object: Literal["shared_session"] = "shared_session"

    @classmethod
    def of(cls, shared: SharedSession) -> "SharedOut":
        """Return the body for everybody."""
        snapshot, page = shared.snapshot, shared.messages
        data = [SharedMessageOut.of(message) for message in page.items]
        first, last = (data[0].seq, data[-1].seq) if data else (None, None)
        agent = None if snapshot.agent is None else SharedAgentOut.of(snapshot.agent)
        return cls(snapshot.title, agent, snapshot.head_seq, snapshot.taken_at, data, first, last, page.has_more)
