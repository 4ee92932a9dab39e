"""The wire of conversations.

Source: https://platform.openai.com/docs/api-reference/conversations
"""

from typing import Annotated, Final, Literal

from msgspec import Meta

from application.sessions.views import SessionView
from entrypoints.http.bounds import Turn
from entrypoints.http.wire import In, Metadata, Out

MOST_AT_ONCE: Final = 20
ASSISTANT: Final = "assistant"
ItemsIn = Annotated[list[Turn], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class ConversationIn(In, frozen=True):
    """The body of POST /v1/conversations; `agent_id`, an agent's identifier or slug, is ours."""

    metadata: Metadata | None = None
    items: Annotated[list[Turn], Meta(max_length=MOST_AT_ONCE)] | None = None
    agent_id: str | None = None


class ConversationPatchIn(In, frozen=True):
    """The body of POST /v1/conversations/{id}; null takes all pairs away."""

    metadata: Metadata | None


class AddedItemsIn(In, frozen=True):
    """The body of POST /v1/conversations/{id}/items."""

    items: ItemsIn


class ConversationOut(Out, frozen=True):
    """A session as OpenAI's clients know a conversation."""

    id: str
    created_at: int
    metadata: Metadata
    object: Literal["conversation"] = "conversation"

    @classmethod
    def of(cls, session: SessionView) -> "ConversationOut":
        """Return it."""
        return cls(session.id, int(session.created_at.timestamp()), session.metadata)
