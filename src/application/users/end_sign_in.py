"""End one of one's sign-ins."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Done, Once, carry_out, recall, remember
from application.origin import NOWHERE, Origin
from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.users.auditing import audit_entry
from domain.shared.identifiers import SignInId
from domain.users.audit import AuditAction
from domain.users.credential import SignInNotFound, TokensRevoked


@dataclass(frozen=True, slots=True)
class EndSignInCommand:
    """Which one."""

    actor: Actor
    sign_in_id: SignInId
    once: Once | None = None
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class EndSignIn:
    """Ends a sign-in of the caller's with all its tokens."""

    catalog: Catalog
    clock: Clock
    entropy: Entropy

    async def execute(self, command: EndSignInCommand) -> None:
        """End it; SignInNotFound when the caller has no such."""
        await carry_out(command.once, lambda: self._end(command))

    async def _end(self, command: EndSignInCommand) -> None:
        user_id = command.actor.user_id
        async with self.catalog.open() as unit:
            if await recall(unit.keys, command.once, user_id, Done) is not None:
                return
            sign_in = await unit.sign_ins.find(command.sign_in_id)
            if sign_in is None or sign_in.user_id != user_id:
                raise SignInNotFound(f"There is no sign-in {command.sign_in_id}.")
            unit.sign_ins.remove(sign_in)
            unit.record(TokensRevoked((sign_in.access,)))
            unit.audit.note(audit_entry(
                self.entropy, self.clock.now(), user_id, AuditAction.SIGN_IN_ENDED, actor_id=user_id, origin=command.origin,
                sign_in_id=sign_in.id,
            ))
            remember(unit.keys, command.once, user_id, Done())
            await unit.commit()
