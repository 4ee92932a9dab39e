"""End all of one's sign-ins."""

from dataclasses import dataclass

from application.actor import Actor
from application.origin import NOWHERE, Origin
from application.ports.account_reader import AccountReader
from application.ports.catalog import Catalog, CatalogUnitOfWork
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.users.auditing import audit_entry
from application.users.ending import end_the_rest
from domain.users.audit import AuditAction


@dataclass(frozen=True, slots=True)
class EndSignInsCommand:
    """Whose; `others` when the one that asks goes on."""

    actor: Actor
    others: bool = False
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class EndSignIns:
    """Ends the caller's sign-ins with all their tokens; a second time finds none and changes nothing."""

    catalog: Catalog
    accounts: AccountReader
    clock: Clock
    entropy: Entropy

    async def execute(self, command: EndSignInsCommand) -> int:
        """Return how many ended."""
        user_id, now = command.actor.user_id, self.clock.now()

        def note(unit: CatalogUnitOfWork, ended: int) -> None:
            unit.audit.note(audit_entry(
                self.entropy, now, user_id, AuditAction.SIGN_INS_ENDED, actor_id=user_id, origin=command.origin,
                number=str(ended),
            ))

        but = command.actor.sign_in_id if command.others else None
        return await end_the_rest(self.catalog, self.accounts, user_id, but, now, note)
