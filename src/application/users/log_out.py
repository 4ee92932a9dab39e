"""Sign out."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Done, Once, carry_out, recall, remember
from application.origin import NOWHERE, Origin
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.users.auditing import audit_entry
from domain.users.audit import AuditAction
from domain.users.credential import TokensRevoked


@dataclass(frozen=True, slots=True)
class LogOutCommand:
    """Who leaves."""

    actor: Actor
    once: Once | None = None
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class LogOut:
    """Ends the caller's sign-in with all its tokens; a second time changes nothing. An API key has no sign-in to end."""

    catalog: Catalog
    clock: Clock
    entropy: Entropy

    async def execute(self, command: LogOutCommand) -> None:
        """End the sign-in."""
        await carry_out(command.once, lambda: self._leave(command))

    async def _leave(self, command: LogOutCommand) -> None:
        actor, once = command.actor, command.once
        async with self.catalog.open() as unit:
            if await recall(unit.keys, once, actor.user_id, Done) is not None:
                return
            sign_in = None if actor.sign_in_id is None else await unit.sign_ins.find(actor.sign_in_id)
            if sign_in is not None:
                unit.sign_ins.remove(sign_in)
                unit.record(TokensRevoked((sign_in.access,)))
                unit.audit.note(audit_entry(
                    self.entropy, self.clock.now(), actor.user_id, AuditAction.SIGNED_OUT, actor_id=actor.user_id,
                    origin=command.origin, sign_in_id=sign_in.id,
                ))
            remember(unit.keys, once, actor.user_id, Done())
            await unit.commit()
