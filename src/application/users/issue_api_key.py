"""Make an API key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.actor import Actor
from application.idempotency import Once, SecretGone, carry_out, recall, remember
from application.origin import NOWHERE, Origin
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.users.auditing import audit_entry
from application.users.secrets import new_salt, secret_for
from domain.shared.errors import Forbidden, Invalid
from domain.shared.identifiers import ApiKeyId, bucket_of
from domain.shared.secrets import API_KEY_PREFIX, fingerprint
from domain.users.audit import AuditAction, AuditEntry
from domain.users.credential import ApiKey
from domain.users.plan import UserRole
from domain.users.scopes import NotAdministrator, Scope, parse_scopes, require_within

_LONGEST: Final = timedelta(days=1827)  # five years, with what leap days they may have


@dataclass(frozen=True, slots=True)
class IssueApiKeyCommand:
    """What the key is called, what it may be used for (None: for all that the caller may do), and when it ends.

    `expires_at`, or `expires_in` seconds from now; neither: never, or with the key that makes it.
    """

    actor: Actor
    name: str
    scopes: Sequence[str] | None = None
    expires_at: datetime | None = None
    expires_in: int | None = None
    once: Once | None = None
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class IssuedApiKey:
    """What is remembered: all but the secret, which follows from the caller's own secret and the salt."""

    key: ApiKey
    salt: str


@dataclass(frozen=True, slots=True)
class IssueApiKey:
    """Makes a key for the caller's programs. A key that makes another hands on no more than it has, and no longer."""

    catalog: Catalog
    clock: Clock
    entropy: Entropy

    async def execute(self, command: IssueApiKeyCommand) -> tuple[ApiKey, str]:
        """Return the key and its secret, which is shown to this request alone; SecretGone for repetitions with another token.

        Invalid, InsufficientScope and NotAdministrator name what was asked wrongly.
        """
        return await carry_out(command.once, lambda: self._issue(command))

    async def _issue(self, command: IssueApiKeyCommand) -> tuple[ApiKey, str]:
        user_id, once = command.actor.user_id, command.once
        async with self.catalog.open() as unit:
            issued = await recall(unit.keys, once, user_id, IssuedApiKey)
            if issued is not None:
                return issued.key, self._told_again(issued, once)
            salt = new_salt(self.entropy)
            secret = secret_for(self.entropy, once, API_KEY_PREFIX, salt)
            key = self._key(command, secret)
            unit.api_keys.add(key)
            unit.audit.note(self._noted(key, command))
            remember(unit.keys, once, user_id, IssuedApiKey(key, salt))
            await unit.commit()
        return key, secret

    def _key(self, command: IssueApiKeyCommand, secret: str) -> ApiKey:
        actor, now = command.actor, self.clock.now()
        return ApiKey.issue(
            ApiKeyId(self.entropy.identifier("key", bucket_of(actor.user_id))), actor.user_id,
            name=command.name, secret=secret, fingerprint=fingerprint(secret), now=now,
            scopes=_scopes(command), expires_at=_end(command, now),
        )

    def _noted(self, key: ApiKey, command: IssueApiKeyCommand) -> AuditEntry:
        good_for = "all" if key.scopes is None else " ".join(key.scopes)
        return audit_entry(
            self.entropy, key.created_at, key.user_id, AuditAction.API_KEY_ISSUED, actor_id=key.user_id, origin=command.origin,
            key_id=key.id, scopes=good_for,
        )

    def _told_again(self, issued: IssuedApiKey, once: Once | None) -> str:
        secret = secret_for(self.entropy, once, API_KEY_PREFIX, issued.salt)
        if fingerprint(secret) != issued.key.fingerprint:
            raise SecretGone(
                f"The key {issued.key.id} was made, and its secret is shown only to who repeats the request with the same token; "
                "revoke it and make another."
            )
        return secret


def _scopes(command: IssueApiKeyCommand) -> tuple[str, ...] | None:
    actor = command.actor
    if command.scopes is None:
        return actor.scopes
    scopes = parse_scopes(command.scopes)
    require_within(scopes, actor.scopes)
    if Scope.ADMIN in scopes and actor.role is not UserRole.ADMIN:
        raise NotAdministrator("Only an administrator's key can have the scope 'admin'.", param="scopes")
    return scopes


def _end(command: IssueApiKeyCommand, now: datetime) -> datetime | None:
    """Return when the key ends; a key's own end is the latest that it can give to others."""
    actor, said = command.actor, command.expires_at
    param = "expires_at" if command.expires_in is None else "expires_in"
    if command.expires_in is not None:
        if said is not None:
            raise Invalid("'expires_at' and 'expires_in' exclude each other.", param=param)
        said = now + min(timedelta(seconds=command.expires_in), _LONGEST * 2)
    latest = actor.expires_at if actor.sign_in_id is None else None
    if said is None:
        return latest
    if not now < said <= now + _LONGEST:
        raise Invalid(f"'{param}' must lie in the future, and at most five years ahead.", param=param)
    if latest is not None and said > latest:
        raise Forbidden("A key cannot make one that outlives it.", param=param)
    return said
