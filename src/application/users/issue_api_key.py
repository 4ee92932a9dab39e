"""Make an API key."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Once, SecretGone, carry_out, recall, remember
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.users.secrets import new_salt, secret_for
from domain.shared.identifiers import ApiKeyId, bucket_of
from domain.shared.secrets import API_KEY_PREFIX, fingerprint
from domain.users.credential import ApiKey


@dataclass(frozen=True, slots=True)
class IssueApiKeyCommand:
    """What the key is called."""

    actor: Actor
    name: str
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class IssuedApiKey:
    """What is remembered: all but the secret, which follows from the caller's own secret and the salt."""

    key: ApiKey
    salt: str


@dataclass(frozen=True, slots=True)
class IssueApiKey:
    """Makes a key for the caller's programs."""

    catalog: Catalog
    clock: Clock
    entropy: Entropy

    async def execute(self, command: IssueApiKeyCommand) -> tuple[ApiKey, str]:
        """Return the key and its secret, which is shown to this request alone; SecretGone for repetitions with another token."""
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
            remember(unit.keys, once, user_id, IssuedApiKey(key, salt))
            await unit.commit()
        return key, secret

    def _key(self, command: IssueApiKeyCommand, secret: str) -> ApiKey:
        user_id = command.actor.user_id
        return ApiKey.issue(
            ApiKeyId(self.entropy.identifier("key", bucket_of(user_id))), user_id,
            name=command.name, secret=secret, fingerprint=fingerprint(secret), now=self.clock.now(),
        )

    def _told_again(self, issued: IssuedApiKey, once: Once | None) -> str:
        secret = secret_for(self.entropy, once, API_KEY_PREFIX, issued.salt)
        if fingerprint(secret) != issued.key.fingerprint:
            raise SecretGone(
                f"The key {issued.key.id} was made, and its secret is shown only to who repeats the request with the same token; "
                "revoke it and make another."
            )
        return secret
