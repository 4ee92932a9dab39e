"""Begin a sign-in at a provider."""

from dataclasses import dataclass

from application.actor import Actor
from application.origin import NOWHERE, Origin
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.identity_providers import Attempt, IdentityProviders
from application.users.oidc_ticket import LIFETIME, Ticket, own_path
from application.users.throttling import Throttle, place_mark
from domain.shared.errors import Forbidden


class SignInNeeded(Forbidden):
    """An API key would open the account for longer, and for more, than it is good for itself."""

    code = "sign_in_needed"


@dataclass(frozen=True, slots=True)
class BeginOidcSignInCommand:
    """Where to sign in, our address that the provider answers to, the path to show in the end.

    An `actor` wants another way into the account that is open already.
    """

    provider: str
    redirect_uri: str
    return_to: str = "/"
    actor: Actor | None = None
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """Where to send the browser, and the ticket that it has to bring back."""

    address: str
    ticket: str


@dataclass(frozen=True, slots=True)
class BeginOidcSignIn:
    """Makes the secrets of an attempt; they are kept in the browser, so that any node can go on with it."""

    providers: IdentityProviders
    clock: Clock
    entropy: Entropy
    throttle: Throttle

    async def execute(self, command: BeginOidcSignInCommand) -> BegunSignIn:
        """Return the address and the ticket; ProviderNotFound, Invalid (return_to), Unavailable, TooManyAttempts.

        SignInNeeded where an API key asks for another way into its account.
        """
        provider, return_to = self.providers.get(command.provider), own_path(command.return_to)
        if command.actor is not None and command.actor.sign_in_id is None:
            raise SignInNeeded("An API key cannot link a provider: sign in first.")
        await self.throttle.require_patience([place_mark(command.origin.address)])
        state, nonce, verifier = (self.entropy.secret("") for _ in range(3))
        attempt = Attempt(command.redirect_uri, state, nonce, verifier)
        until = (self.clock.now() + LIFETIME).timestamp()
        actor = command.actor
        owner, sign_in_id = (None, None) if actor is None else (actor.user_id, actor.sign_in_id)
        ticket = Ticket(command.provider, attempt, return_to, until, owner, sign_in_id)
        return BegunSignIn(await provider.address(attempt), ticket.sealed(provider.key))
