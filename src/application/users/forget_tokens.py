"""Forget tokens that ended long ago."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.expired_tokens import ExpiredTokens
from application.users.tokens import REFRESH_LIFETIME

# Until then the places of a sign-in that ran out are ones where its owner is known to the throttle.
_KNOWN: Final = timedelta(days=60)
_REMOVED_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class ForgetTokens:
    """Removes what opens nothing any more: sign-ins that ran out, mailed tokens, and spent refresh tokens.

    A spent one is remembered for as long as it would have been good: until then its use again ends the sign-in.
    """

    tokens: ExpiredTokens
    clock: Clock

    async def execute(self) -> int:
        """Return how many were removed, 0 when there are no more; Unavailable."""
        now, tokens = self.clock.now(), self.tokens
        return (
            await tokens.remove_sign_ins(now - _KNOWN, _REMOVED_AT_ONCE)
            + await tokens.remove_spent(now - REFRESH_LIFETIME, _REMOVED_AT_ONCE)
            + await tokens.remove_mailed(now, _REMOVED_AT_ONCE)
        )
