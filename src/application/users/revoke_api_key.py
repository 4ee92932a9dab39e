"""Take an API key back."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Done, Once, carry_out, recall, remember
from application.origin import NOWHERE, Origin
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.users.auditing import audit_entry
from domain.shared.identifiers import ApiKeyId
from domain.users.audit import AuditAction
from domain.users.credential import ApiKeyNotFound, TokensRevoked


@dataclass(frozen=True, slots=True)
class RevokeApiKeyCommand:
    """Which key."""

    actor: Actor
    key_id: ApiKeyId
    once: Once | None = None
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """Removes one of the caller's keys."""

    catalog: Catalog
    clock: Clock
    entropy: Entropy

    async def execute(self, command: RevokeApiKeyCommand) -> None:
        """Remove the key; ApiKeyNotFound when the caller has no such."""
        await carry_out(command.once, lambda: self._revoke(command))

    async def _revoke(self, command: RevokeApiKeyCommand) -> None:
        user_id, once = command.actor.user_id, command.once
        async with self.catalog.open() as unit:
            if await recall(unit.keys, once, user_id, Done) is not None:
                return
            key = await unit.api_keys.get(command.key_id)
            if key.user_id != user_id:
                raise ApiKeyNotFound(f"There is no API key {command.key_id}.")
            unit.api_keys.remove(key)
            unit.record(TokensRevoked((key.fingerprint,)))
            unit.audit.note(audit_entry(
                self.entropy, self.clock.now(), user_id, AuditAction.API_KEY_REVOKED, actor_id=user_id, origin=command.origin,
                key_id=key.id,
            ))
            remember(unit.keys, once, user_id, Done())
            await unit.commit()
