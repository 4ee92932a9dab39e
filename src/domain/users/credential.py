"""How a user proves who they are."""

from dataclasses import dataclass
from datetime import datetime

from domain.shared.errors import NotFound, Unauthenticated
from domain.shared.events import DomainEvent
from domain.shared.identifiers import ApiKeyId, SignInId, UserId
from domain.shared.rules import bounded_text


class WrongCredentials(Unauthenticated):
    """The address or the password is wrong; which of the two is not said."""

    code = "wrong_credentials"


class TokenRefused(Unauthenticated):
    """The token or key is unknown, expired or revoked."""

    code = "invalid_token"


class SignInNotFound(NotFound):
    """There is no such sign-in."""

    code = "sign_in_not_found"


class ApiKeyNotFound(NotFound):
    """There is no such key."""

    code = "api_key_not_found"


@dataclass(frozen=True, slots=True)
class Credential:
    """A user's password, as an argon2id hash; None for who signs in elsewhere alone."""

    user_id: UserId
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class TokensRevoked(DomainEvent):
    """These secrets (by fingerprint) no longer open anything."""

    fingerprints: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AccessChanged(DomainEvent):
    """What these secrets (by fingerprint) open has changed: the plan, limits or role of who they stand for."""

    fingerprints: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A secret for programs; `hint` is the last four characters, for the owner's eyes.

    `scopes` is what it may be used for (None: for all), `expires_at` when it is good no longer (None: never).
    """

    id: ApiKeyId
    user_id: UserId
    name: str
    fingerprint: bytes
    hint: str
    created_at: datetime
    scopes: tuple[str, ...] | None = None
    expires_at: datetime | None = None

    @classmethod
    def issue(
        cls, key_id: ApiKeyId, user_id: UserId, *, name: str, secret: str, fingerprint: bytes, now: datetime,
        scopes: tuple[str, ...] | None = None, expires_at: datetime | None = None,
    ) -> "ApiKey":
        """Return the key to be stored for `secret`."""
        checked = bounded_text(name, param="name", longest=100)
        return cls(key_id, user_id, checked, fingerprint, secret[-4:], now, scopes, expires_at)


@dataclass(slots=True)
class SignIn:
    """One device's sign-in: a short-lived access token and a refresh token that is spent when used.

    `address` (of the network) and `device` (as its browser calls itself) are of the last use of either to sign in or renew.
    """

    id: SignInId
    user_id: UserId
    access: bytes
    access_expires_at: datetime
    refresh: bytes
    expires_at: datetime
    created_at: datetime
    version: int = 0
    address: str | None = None
    device: str | None = None
    renewed_at: datetime | None = None

    def rotate(
        self, *, access: bytes, access_expires_at: datetime, refresh: bytes, expires_at: datetime, now: datetime | None = None,
        address: str | None = None, device: str | None = None,
    ) -> TokensRevoked:
        """Replace both tokens; the returned event names the access token that is no longer good."""
        revoked = TokensRevoked((self.access,))
        self.renewed_at, self.address, self.device = now or self.renewed_at, address or self.address, device or self.device
        self.access, self.access_expires_at = access, access_expires_at
        self.refresh, self.expires_at = refresh, expires_at
        return revoked
