"""What follows from a committed event."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from domain.shared.events import DomainEvent


@dataclass(frozen=True, slots=True)
class CommittedEvents:
    """The command of every reaction: what was committed, in its order.

    `deliveries` names what the outbox hands over, an entry for each event: what failed is handed over again under its name.
    """

    events: tuple[DomainEvent, ...]
    deliveries: tuple[str, ...] = ()


class Reaction(Protocol):
    """A use case that committed events call for. Events come at least once, so doing it twice must equal once."""

    @abstractmethod
    async def execute(self, command: CommittedEvents) -> None:
        """React; any error means that the events are to be given again."""
