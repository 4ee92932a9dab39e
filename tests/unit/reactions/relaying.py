"""An outbox in a list, and reactions that take notes."""

from collections.abc import Sequence
from datetime import timedelta

from adapters.memory.catalog import MemoryCatalog
from adapters.memory.clock import HandClock
from adapters.memory.edge import MemoryEdge
from adapters.memory.entropy import MemoryEntropy
from adapters.memory.notifier import MemoryNotifier
from adapters.memory.store import MemoryStore
from application.ports.catalog import Catalog
from application.ports.edge import EdgePurger
from application.ports.notifier import Notifier
from application.ports.outbox import Envelope, Outbox
from application.reactions.purge_edge import PurgeEdge
from application.reactions.reaction import CommittedEvents, Reaction
from application.reactions.relay import RelayOutbox
from application.reactions.send_mail import PublicUrl, SendMail
from domain.agents.agent import AgentChanged
from domain.shared.errors import Unavailable
from domain.shared.events import DomainEvent
from domain.shared.identifiers import AgentId, EventId, UserId, make_identifier
from domain.users.user import UserErased

CLOCK = HandClock()


def event_id(number: int, *, age: timedelta = timedelta()) -> EventId:
    millis = int((CLOCK.now() - age).timestamp() * 1000)
    return EventId(make_identifier("event", millis=millis, bucket=0, entropy=number))


def waiting(number: int, attempts: int = 1, *, age: timedelta = timedelta()) -> Envelope:
    """Return an event that concerns no edge."""
    return Envelope(event_id(number, age=age), "catalog", UserErased(UserId(f"user_{number}")), attempts)


def public(number: int, attempts: int = 1, *, name: str | None = None) -> Envelope:
    """Return an event that puts public answers out of date."""
    event = AgentChanged(AgentId(name or f"agent_{number}"), "guide", True)
    return Envelope(event_id(number), "catalog", event, attempts)


class ListOutbox(Outbox):
    """Due envelopes in a list, those put off with their delays, and the dead with their reasons."""

    def __init__(self, *due: Envelope) -> None:
        self.due, self.later = list(due), dict[EventId, float]()
        self.dead = dict[EventId, str]()
        self.away = False

    async def claim(self, limit: int) -> Sequence[Envelope]:
        if self.away:
            raise Unavailable("away")
        return [envelope for envelope in self.due if envelope.id not in self.later | self.dead][:limit]

    async def done(self, envelopes: Sequence[Envelope]) -> None:
        self.due = [envelope for envelope in self.due if envelope not in envelopes]

    async def retry_later(self, envelopes: Sequence[Envelope], delay: float) -> None:
        self.later |= {envelope.id: delay for envelope in envelopes}

    async def bury(self, envelopes: Sequence[Envelope], reason: str) -> None:
        self.dead |= {envelope.id: reason for envelope in envelopes}


class Reacting:
    """Notes the events, and refuses some."""

    def __init__(self, *refused: Envelope, error: Exception | None = None) -> None:
        self.refused, self.error = [envelope.event for envelope in refused], error or Unavailable("away")
        self.events: list[DomainEvent] = []
        self.executions = 0

    async def execute(self, command: CommittedEvents) -> None:
        self.executions += 1
        for event in command.events:
            if event in self.refused:
                raise self.error
            self.events.append(event)


def relay_of(
    outbox: Outbox, *reactions: Reaction, edge: EdgePurger | None = None, settle: float | None = None,
    mail: SendMail | None = None,
) -> RelayOutbox:
    return RelayOutbox(outbox, reactions, PurgeEdge(edge or MemoryEdge(), settle), mail or mail_by(MemoryNotifier()), CLOCK)


def mail_by(notifier: Notifier, catalog: Catalog | None = None) -> SendMail:
    return SendMail(catalog or MemoryCatalog(MemoryStore(CLOCK)), CLOCK, MemoryEntropy(), notifier, PublicUrl("https://here.example"))
