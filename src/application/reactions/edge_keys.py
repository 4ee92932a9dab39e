"""The surrogate keys of public answers, and which of them an event puts out of date."""

from collections.abc import Iterable
from typing import Final

from domain.agents.agent import AgentChanged
from domain.sessions.share import SessionShared, SharesRevoked
from domain.shared.events import DomainEvent

CATALOGUE: Final = "agents"


def agent_edge_key(agent_id: str) -> str:
    """Return the key of all public answers that show this agent alone."""
    return f"agent:{agent_id}"


def share_edge_key(share_id: str) -> str:
    """Return the key of all pages of this share."""
    return f"share:{share_id}"


def edge_keys_of(events: Iterable[DomainEvent]) -> tuple[str, ...]:
    """Return the keys whose answers are out of date after these events, each once; none for events that nobody else sees."""
    return tuple(dict.fromkeys(key for event in events for key in _keys_of(event)))


def _keys_of(event: DomainEvent) -> list[str]:
    match event:
        case AgentChanged(agent_id, _, public) if public:
            return [CATALOGUE, agent_edge_key(agent_id)]
        case SessionShared(share_id):
            return [share_edge_key(share_id)]
        case SharesRevoked(share_ids):
            return [share_edge_key(share_id) for share_id in share_ids]
        case _:
            return []
