"""What a unit of work recorded, and what follows at once when it is committed."""

import logging

from application.reactions.reaction import CommittedEvents, Reaction
from domain.shared.events import DomainEvent

_log = logging.getLogger(__name__)


class Aftermath:
    """Reacts to a unit's events between its commit and the acknowledgement; what fails here the outbox repeats."""

    def __init__(self, reaction: Reaction) -> None:
        self._reaction = reaction
        self._events: list[DomainEvent] = []

    def record(self, event: DomainEvent) -> None:
        """Keep the event until the commit."""
        self._events.append(event)

    async def follow(self) -> None:
        """React to what was recorded; never fails, because what was committed must be acknowledged."""
        events, self._events = tuple(self._events), []
        if not events:
            return
        try:
            await self._reaction.execute(CommittedEvents(events))
        except Exception as failure:  # noqa: BLE001
            reason = type(failure).__name__
            _log.warning("a reaction failed and is left to the outbox", extra={"events": len(events), "reason": reason})
