"""Who somebody is elsewhere, and whose account that opens here."""

from dataclasses import dataclass
from datetime import datetime

from domain.shared.errors import Conflict, NotFound, Unauthenticated
from domain.shared.identifiers import UserId


class ProviderNotFound(NotFound):
    """There is no such provider to sign in with."""

    code = "provider_not_found"


class SignInRefused(Unauthenticated):
    """The sign-in elsewhere did not come to a good end, or not in this browser."""

    code = "sign_in_refused"


class IdentityNotLinked(Conflict):
    """An account has this address, and nothing proves that both belong to one person."""

    code = "identity_not_linked"


class IdentityTaken(Conflict):
    """The identity opens another account already."""

    code = "identity_taken"


@dataclass(frozen=True, slots=True)
class Identity:
    """The account that opens for who is `subject` to the provider `issuer` (OpenID Connect Core, 5.7: both together name one)."""

    issuer: str
    subject: str
    user_id: UserId
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """What a provider says of who signed in there; of the address also whether it is known to be theirs."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    name: str | None
