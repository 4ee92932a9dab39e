"""Forget what was put out of date."""

from dataclasses import dataclass

from application.ports.cache import Cache
from application.reactions.keys import keys_of
from application.reactions.reaction import CommittedEvents


@dataclass(frozen=True, slots=True)
class InvalidateCaches:
    """The reaction that takes cached values, and the leases to fill them, away."""

    cache: Cache

    async def execute(self, command: CommittedEvents) -> None:
        """Invalidate the keys of all the events at once; Unavailable when the cache cannot be reached."""
        keys = keys_of(command.events)
        if keys:
            await self.cache.invalidate(keys)
