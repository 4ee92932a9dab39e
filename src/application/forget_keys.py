"""Forget idempotency keys that have had their day."""

from dataclasses import dataclass
from typing import Final

from application.ports.idempotency import ExpiredKeys

_REMOVED_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class ForgetKeys:
    """Removes old keys in batches that hold nobody up."""

    keys: ExpiredKeys

    async def execute(self) -> int:
        """Return how many were removed, 0 when there are no more; Unavailable."""
        return await self.keys.remove(_REMOVED_AT_ONCE)
