"""Committed events that wait for their reactions."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.shared.events import DomainEvent
from domain.shared.identifiers import EventId


@dataclass(frozen=True, slots=True)
class Envelope:
    """A committed event; `place` names the database it waits in."""

    id: EventId
    place: str
    event: DomainEvent
    attempts: int


class Outbox(Protocol):
    """The outboxes of the catalog and of all shards. Each event is delivered at least once."""

    @abstractmethod
    async def claim(self, limit: int) -> Sequence[Envelope]:
        """Return up to `limit` due events per database, oldest first, hidden from other claimers for 30 seconds."""

    @abstractmethod
    async def done(self, envelopes: Sequence[Envelope]) -> None:
        """Forget these events."""

    @abstractmethod
    async def retry_later(self, envelopes: Sequence[Envelope], delay: float) -> None:
        """Make these events due again in `delay` seconds."""

    @abstractmethod
    async def bury(self, envelopes: Sequence[Envelope], reason: str) -> None:
        """Set these events aside, with the reason, as dead letters: they are not claimed until an operator brings them back."""
