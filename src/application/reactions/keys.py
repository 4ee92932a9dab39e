"""The names of all cached things, and which of them an event puts out of date.

A key begins with the number of the shape that its value has; whoever changes what is cached raises it by one.
"""

from collections.abc import Iterable
from typing import Final

from application.paging import PageRequest
from application.sessions.views import SessionView
from domain.agents.agent import AgentChanged
from domain.sessions.session import SessionChanged, SessionsRemoved
from domain.shared.events import DomainEvent
from domain.shared.identifiers import SessionId, UserId
from domain.users.credential import AccessChanged, TokensRevoked
from domain.users.user import UserErased

SCHEMA: Final = 3
# During an upgrade nodes of two releases share the cache: each forgets for its neighbours too.
_FORGOTTEN_SCHEMAS: Final = tuple(schema for schema in (SCHEMA, SCHEMA - 1, SCHEMA + 1) if schema > 0)


def agent_key(id_or_slug: str, schema: int = SCHEMA) -> str:
    """Return the key of one agent (or of its absence), by identifier or by slug."""
    return f"{schema}:agent:{id_or_slug}"


def actor_key(fingerprint: bytes, schema: int = SCHEMA) -> str:
    """Return the key of who a token or API key stands for (or of nobody)."""
    return f"{schema}:actor:{fingerprint.hex()}"


def catalogue_key(schema: int = SCHEMA) -> str:
    """Return the key of the public catalogue's generation: a random word that all its cached pages have in their keys."""
    return f"{schema}:catalogue"


def catalogue_page_key(generation: str, page: PageRequest) -> str:
    """Return the key of a page of the public catalogue; it is never forgotten by itself but with its generation."""
    return f"{catalogue_key()}:{generation}:{page_name(page)}"


def session_key(owner_id: UserId, session_id: SessionId, schema: int = SCHEMA) -> str:
    """Return the key of one session of an owner (or of its absence)."""
    return f"{schema}:session:{owner_id}:{session_id}"


def message_page_key(session: SessionView, page: PageRequest) -> str:
    """Return the key of a page of a session's messages; whatever changes them changes the session too."""
    return f"{SCHEMA}:messages:{session.id}:{session.head_seq}:{session.updated_at.timestamp()}:{page_name(page)}"


def session_list_key(owner_id: UserId, schema: int = SCHEMA) -> str:
    """Return the key of the generation of an owner's list of sessions."""
    return f"{schema}:sessions:{owner_id}"


def session_page_key(owner_id: UserId, generation: str, page: PageRequest, archived: bool | None) -> str:
    """Return the key of a page of an owner's sessions; it is never forgotten by itself but with its generation."""
    return f"{session_list_key(owner_id)}:{generation}:{archived}:{page_name(page)}"


def page_name(page: PageRequest) -> str:
    """Return what tells a page of a list from its other pages."""
    order = "down" if page.descending else "up"
    # The cursor is anybody's text: it comes last, behind its kind, so that it can imitate no other page.
    kind = "first" if page.cursor is None else "after" if page.before is None else "before"
    return f"{page.limit}:{order}:{kind}:{page.cursor or ''}"


def keys_of(events: Iterable[DomainEvent]) -> tuple[str, ...]:
    """Return the keys that are out of date after these events, each once; none for events that touch nothing cached."""
    names = [key for event in events for schema in _FORGOTTEN_SCHEMAS for key in _keys_of(event, schema)]
    return tuple(dict.fromkeys(names))


def _keys_of(event: DomainEvent, schema: int) -> list[str]:
    match event:
        case AgentChanged(agent_id, slug, public):
            agent = [agent_key(agent_id, schema), agent_key(slug, schema)]
            return [*agent, catalogue_key(schema)] if public else agent
        case TokensRevoked(fingerprints) | AccessChanged(fingerprints):
            return [actor_key(fingerprint, schema) for fingerprint in fingerprints]
        case SessionChanged(session_id, owner_id):
            return [session_key(owner_id, session_id, schema), session_list_key(owner_id, schema)]
        case SessionsRemoved(owner_id, session_ids):
            return [session_list_key(owner_id, schema), *(session_key(owner_id, one, schema) for one in session_ids)]
        case UserErased(user_id):
            return [session_list_key(user_id, schema)]
        case _:
            return []
