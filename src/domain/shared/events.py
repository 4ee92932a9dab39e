"""What happened, in the past tense; an event names things and carries no text of a user's."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """The ancestor of all events that a unit of work commits to the outbox."""
