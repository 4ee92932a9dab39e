"""Reading what belongs to an account's safety: its sign-ins and its audit log. As new as can be; never cached."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from application.paging import Page, PageRequest
from domain.shared.identifiers import UserId
from domain.users.audit import AuditEntry
from domain.users.credential import SignIn


class AccountReader(Protocol):
    """Sign-ins and the audit log."""

    @abstractmethod
    async def list_sign_ins(self, user_id: UserId, page: PageRequest, now: datetime) -> Page[SignIn]:
        """Return the user's sign-ins that have not run out, by identifier."""

    @abstractmethod
    async def addresses_of(self, user_id: UserId) -> frozenset[str]:
        """Return the network addresses of the user's newest 100 sign-ins, as far as they are known."""

    @abstractmethod
    async def list_audit(self, user_id: UserId, page: PageRequest) -> Page[AuditEntry]:
        """Return what was done to the account, by identifier, which is the order in which it was done."""
