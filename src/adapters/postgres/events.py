"""How events wait in an outbox: their class's name and their fields as JSON."""

from typing import Any, Final

from msgspec import convert, json

from domain.agents.agent import AgentChanged
from domain.runs.run import RunFinished
from domain.sessions.session import SessionChanged, SessionsRemoved
from domain.sessions.share import SessionShared, SharesRevoked
from domain.shared.events import DomainEvent
from domain.users.credential import AccessChanged, TokensRevoked
from domain.users.mailed_token import MailWanted
from domain.users.user import UserErased

KINDS: Final[dict[str, type[DomainEvent]]] = {
    kind.__name__: kind
    for kind in (
        AccessChanged, AgentChanged, MailWanted, RunFinished, SessionChanged, SessionShared, SessionsRemoved, SharesRevoked,
        TokensRevoked, UserErased,
    )
}
_encode: Final = json.Encoder().encode


def payload_of(event: DomainEvent) -> str:
    """Return the event's fields; bytes become base64."""
    return _encode(event).decode()


def event_from(kind: str, payload: str) -> DomainEvent:
    """Return the event that was stored; KeyError for a kind of a newer release."""
    event: DomainEvent = convert(json.decode(payload), KINDS[kind])
    return event


def columns_of(event_id: str, event: DomainEvent) -> dict[str, Any]:
    """Return the row of an event that is due at once."""
    return {"id": event_id, "kind": type(event).__name__, "payload": payload_of(event)}
