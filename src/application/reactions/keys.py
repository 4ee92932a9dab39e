"""The names of all cached things, and which of them an event puts out of date.

A key begins with the number of the shape that its value has; whoever changes what is cached raises it by one.
"""

from collections.abc import Iterable
from typing import Final

from application.paging import PageRequest
from domain.agents.agent import AgentChanged
from domain.shared.events import DomainEvent
from domain.users.credential import TokensRevoked

SCHEMA: Final = 1
# During an upgrade nodes of two releases share the cache: each forgets for its neighbours too.
_FORGOTTEN_SCHEMAS: Final = (SCHEMA, SCHEMA - 1, SCHEMA + 1)


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
    order = "down" if page.descending else "up"
    # The cursor is anybody's text: it comes last, behind its kind, so that it can imitate no other page.
    kind = "first" if page.cursor is None else "after" if page.before is None else "before"
    return f"{catalogue_key()}:{generation}:{page.limit}:{order}:{kind}:{page.cursor or ''}"


def keys_of(events: Iterable[DomainEvent]) -> tuple[str, ...]:
    """Return the keys that are out of date after these events, each once; none for events that touch nothing cached."""
    names = [key for event in events for schema in _FORGOTTEN_SCHEMAS for key in _keys_of(event, schema)]
    return tuple(dict.fromkeys(names))


def _keys_of(event: DomainEvent, schema: int) -> list[str]:
    match event:
        case AgentChanged(agent_id, slug, public):
            agent = [agent_key(agent_id, schema), agent_key(slug, schema)]
            return [*agent, catalogue_key(schema)] if public else agent
        case TokensRevoked(fingerprints):
            return [actor_key(fingerprint, schema) for fingerprint in fingerprints]
        case _:
            return []
