"""Make an API key."""

from dataclasses import dataclass

from application.actor import Actor
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from domain.shared.identifiers import ApiKeyId, bucket_of
from domain.shared.secrets import API_KEY_PREFIX, fingerprint
from domain.users.credential import ApiKey


@dataclass(frozen=True, slots=True)
class IssueApiKeyCommand:
    """What the key is called."""

    actor: Actor
    name: str


@dataclass(frozen=True, slots=True)
class IssueApiKey:
    """Makes a key for the caller's programs."""

    catalog: Catalog
    clock: Clock
    entropy: Entropy

    async def execute(self, command: IssueApiKeyCommand) -> tuple[ApiKey, str]:
        """Return the key and its secret, which is shown this once."""
        secret = self.entropy.secret(API_KEY_PREFIX)
        user_id = command.actor.user_id
        key = ApiKey.issue(
            ApiKeyId(self.entropy.identifier("key", bucket_of(user_id))), user_id,
            name=command.name, secret=secret, fingerprint=fingerprint(secret), now=self.clock.now(),
        )
        async with self.catalog.open() as unit:
            unit.api_keys.add(key)
            await unit.commit()
        return key, secret
