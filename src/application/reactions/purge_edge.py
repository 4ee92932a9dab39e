"""Have the shared HTTP caches ask again for what was put out of date."""

import asyncio
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from application.ports.edge import EdgePurger
from application.reactions.edge_keys import edge_keys_of
from application.reactions.reaction import CommittedEvents
from domain.shared.errors import Unavailable
from domain.shared.events import DomainEvent

# Claimed events are hidden from other workers for longer than this.
_PATIENCE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class PurgeEdge:
    """The reaction that the outbox alone asks for: no request waits for an edge.

    What is purged is purged once more `settle` seconds later (None: not): an answer that was under way, or that a node gave
    from its own memory, may have been stored in between.
    """

    purger: EdgePurger
    settle: float | None = None

    def concerns(self, event: DomainEvent) -> bool:
        """Tell whether the event puts anything public out of date."""
        return bool(edge_keys_of([event]))

    async def execute(self, command: CommittedEvents) -> None:
        """Purge the keys of all the events in one call; PurgeRefused, Unavailable (EdgeBusy)."""
        keys = edge_keys_of(command.events)
        if not keys:
            return
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self.purger.purge(keys, _purge_id(command.deliveries))
        except TimeoutError as error:
            raise Unavailable("The edge gives no answer.") from error


def _purge_id(deliveries: tuple[str, ...]) -> str:
    """Return a word of 32 characters that tells these deliveries from all others, in whatever order they come."""
    return blake2b(" ".join(sorted(deliveries)).encode(), digest_size=16).hexdigest()
