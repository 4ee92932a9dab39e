"""The state that the memory adapters share."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import TypeVar

from adapters.memory.tables import Tables, WaitingEvent
from application.ports.clock import Clock
from domain.shared.events import DomainEvent
from domain.shared.identifiers import EventId, make_identifier

T = TypeVar("T")


class MemoryStore:
    """Whoever reads sees one state as a whole; a change makes the next state, or fails and leaves none of itself behind.

    Both give way to other tasks first, as a real store does, so that races happen.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._tables = Tables()
        self._numbers = count(1)

    async def read(self) -> Tables:
        """Return the state of now, not to be changed: copy what leaves the adapters."""
        await asyncio.sleep(0)
        return self._tables

    async def change(self, work: Callable[[Tables], T]) -> T:
        """Do the work on a draft and store it; what the work raises stores nothing."""
        await asyncio.sleep(0)
        draft = self._tables.draft()
        answer = work(draft)
        self._tables = draft
        return answer

    def waiting(self, place: str, event: DomainEvent) -> WaitingEvent:
        """Return the row of an event that is due now."""
        now = self.clock.now()
        event_id = make_identifier("event", millis=int(now.timestamp() * 1000), bucket=0, entropy=next(self._numbers))
        return WaitingEvent(EventId(event_id), place, event, now)
