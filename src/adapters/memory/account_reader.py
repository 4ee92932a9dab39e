"""Reading sign-ins and the audit log out of memory."""

from copy import deepcopy
from datetime import datetime

from adapters.memory.paging import page_by
from adapters.memory.store import MemoryStore
from application.paging import Page, PageRequest
from application.ports.account_reader import AccountReader
from domain.shared.identifiers import UserId
from domain.users.audit import AuditEntry
from domain.users.credential import SignIn


class MemoryAccountReader(AccountReader):
    """Sign-ins and the audit log."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def list_sign_ins(self, user_id: UserId, page: PageRequest, now: datetime) -> Page[SignIn]:
        """Read copies."""
        tables = await self._store.read()
        own = [one for one in tables.sign_ins.values() if one.user_id == user_id and one.expires_at > now]
        return deepcopy(page_by(own, page, lambda one: one.id, page.cursor))

    async def addresses_of(self, user_id: UserId) -> frozenset[str]:
        """Read the addresses of the newest."""
        own = [one for one in (await self._store.read()).sign_ins.values() if one.user_id == user_id]
        newest = sorted(own, key=lambda one: one.id)[-100:]
        return frozenset(one.address for one in newest if one.address is not None)

    async def list_audit(self, user_id: UserId, page: PageRequest) -> Page[AuditEntry]:
        """Read the entries."""
        own = [entry for entry in (await self._store.read()).audit.values() if entry.user_id == user_id]
        return page_by(own, page, lambda entry: entry.id, page.cursor)
