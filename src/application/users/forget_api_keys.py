"""Forget API keys that ended long ago."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.expired_api_keys import ExpiredApiKeys

_SHOWN: Final = timedelta(days=30)
_REMOVED_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class ForgetApiKeys:
    """Removes ended keys a month later: until then their owners see in the list why a program is refused."""

    keys: ExpiredApiKeys
    clock: Clock

    async def execute(self) -> int:
        """Return how many were removed, 0 when there are no more; Unavailable."""
        return await self.keys.remove(self.clock.now() - _SHOWN, _REMOVED_AT_ONCE)
