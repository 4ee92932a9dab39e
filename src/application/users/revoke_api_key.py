"""Take an API key back."""

from dataclasses import dataclass

from application.actor import Actor
from application.ports.catalog import Catalog
from domain.shared.identifiers import ApiKeyId
from domain.users.credential import ApiKeyNotFound, TokensRevoked


@dataclass(frozen=True, slots=True)
class RevokeApiKeyCommand:
    """Which key."""

    actor: Actor
    key_id: ApiKeyId


@dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """Removes one of the caller's keys."""

    catalog: Catalog

    async def execute(self, command: RevokeApiKeyCommand) -> None:
        """Remove the key; ApiKeyNotFound when the caller has no such."""
        async with self.catalog.open() as unit:
            key = await unit.api_keys.get(command.key_id)
            if key.user_id != command.actor.user_id:
                raise ApiKeyNotFound(f"There is no API key {command.key_id}.")
            unit.api_keys.remove(key)
            unit.record(TokensRevoked((key.fingerprint,)))
            await unit.commit()
