"""Erase an account and all that it owns."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from application.actor import Actor
from application.erasure.erasing import Erasing, delay_after
from application.idempotency import Done, Once, recall
from application.paging import pages_of
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.readers import AgentReader
from application.retrying import again_when_stale
from domain.agents.agent import AgentChanged, Visibility
from domain.shared.identifiers import AuditEntryId, UserId, bucket_of
from domain.users.audit import AuditAction, AuditEntry
from domain.users.credential import TokensRevoked
from domain.users.erasure import Erasure
from domain.users.user import UserErased, UserNotFound

_PATIENCE_SECONDS: Final = 5.0
# Until then the request is gone, whatever becomes of it.
_LEASE_SECONDS: Final = 15.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EraseUserCommand:
    """Who wants to be forgotten."""

    actor: Actor
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class EraseUser:
    """Ends the account in one commit, which says that the rest is to be erased, and erases as much as can be at once.

    The account goes first: what would open it again, a sign-in, a key, a new password, then has nothing to belong to. What
    cannot be erased now, or is broken off, workers go on with. Who asks at the same moment finds nobody, as was asked for.
    """

    catalog: Catalog
    agents: AgentReader
    erasing: Erasing
    clock: Clock
    entropy: Entropy

    async def execute(self, command: EraseUserCommand) -> None:
        """Return when the account has ended, and what it had is erased or will be."""
        user_id = command.actor.user_id
        with suppress(UserNotFound):
            await again_when_stale(lambda: self._end(command))
            await self._erase(user_id)

    async def _end(self, command: EraseUserCommand) -> None:
        user_id = command.actor.user_id
        changes = await self._agents_of(user_id)
        async with self.catalog.open() as unit:
            await recall(unit.keys, command.once, user_id, Done)
            unit.users.remove(await unit.users.get(user_id))
            unit.erasures.begin(user_id, self.erasing.first, _LEASE_SECONDS)
            unit.audit.note(self._entry(user_id))
            for event in (TokensRevoked(await unit.sign_ins.fingerprints_of(user_id)), UserErased(user_id), *changes):
                unit.record(event)
            await unit.commit()

    async def _erase(self, user_id: UserId) -> None:
        """Go on while the caller waits; what fails is no failure of the request."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self.erasing.go_on(Erasure(user_id, self.erasing.first, self.clock.now()))
        except Exception as failure:  # noqa: BLE001  (the account has ended: whatever it is, a worker meets it again)
            _log.warning("an erasure is left to the workers", extra={"user_id": user_id, "reason": type(failure).__name__})
            with suppress(Exception):
                await self.erasing.erasures.put_off(user_id, delay_after(1))

    def _entry(self, user_id: UserId) -> AuditEntry:
        entry_id = AuditEntryId(self.entropy.identifier("audit", bucket_of(user_id)))
        return AuditEntry(entry_id, user_id, AuditAction.ERASED, self.clock.now(), actor_id=user_id)

    async def _agents_of(self, user_id: UserId) -> Sequence[AgentChanged]:
        owned = pages_of(lambda page: self.agents.list_for_owner(user_id, page))
        return [AgentChanged(a.id, a.slug, a.visibility is Visibility.PUBLIC) async for agents in owned for a in agents]
