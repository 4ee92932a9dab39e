"""Reading what belongs to an account's safety."""

from dataclasses import dataclass

from application.actor import Actor
from application.paging import Page, PageRequest
from application.ports.account_reader import AccountReader
from application.ports.clock import Clock
from domain.users.audit import AuditEntry
from domain.users.credential import SignIn


@dataclass(frozen=True, slots=True)
class ListSignIns:
    """The caller's sign-ins."""

    accounts: AccountReader
    clock: Clock

    async def execute(self, actor: Actor, page: PageRequest) -> Page[SignIn]:
        """Return a page of those that have not run out."""
        return await self.accounts.list_sign_ins(actor.user_id, page, self.clock.now())


@dataclass(frozen=True, slots=True)
class ListAuditLog:
    """What was done to the caller's account."""

    accounts: AccountReader

    async def execute(self, actor: Actor, page: PageRequest) -> Page[AuditEntry]:
        """Return a page of entries."""
        return await self.accounts.list_audit(actor.user_id, page)
