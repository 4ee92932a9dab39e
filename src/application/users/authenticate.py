"""Find out who is asking."""

from dataclasses import dataclass

from application.actor import Actor
from application.ports.clock import Clock
from application.ports.readers import UserReader
from domain.shared.secrets import fingerprint
from domain.users.credential import TokenRefused


@dataclass(frozen=True, slots=True)
class AuthenticateCommand:
    """An access token or an API key."""

    secret: str


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Turns a secret into an actor."""

    users: UserReader
    clock: Clock

    async def execute(self, command: AuthenticateCommand) -> Actor:
        """Return the actor; TokenRefused when the secret is unknown, expired or revoked."""
        actor = await self.users.find_actor(fingerprint(command.secret))
        if actor is None or (actor.expires_at is not None and actor.expires_at <= self.clock.now()):
            raise TokenRefused("The token is unknown, expired or revoked.")
        return actor
