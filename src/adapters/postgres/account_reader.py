"""Reading sign-ins and the audit log."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, literal_column, select

from adapters.postgres.audit_log import audit_entry_from
from adapters.postgres.database import Database
from adapters.postgres.paging import PagedReading
from adapters.postgres.rows import sign_in_from
from adapters.postgres.statement import Statement
from adapters.postgres.tables import AUDIT_LOG, SIGN_INS, Moment
from application.paging import Page, PageRequest, page_of
from application.ports.account_reader import AccountReader
from domain.shared.identifiers import UserId
from domain.users.audit import AuditEntry
from domain.users.credential import SignIn

_SIGN_INS: Final = PagedReading(
    select(SIGN_INS).where(SIGN_INS.c.expires_at > bindparam("now", type_=Moment)), SIGN_INS.c.id, "sign_ins.list",
    [SIGN_INS.c.user_id],
)
_AUDIT: Final = PagedReading(select(AUDIT_LOG), AUDIT_LOG.c.id, "audit_log.list", [AUDIT_LOG.c.user_id])
_ADDRESSES: Final = Statement(
    select(SIGN_INS.c.address).where(SIGN_INS.c.user_id == bindparam("user_id"))
    .order_by(SIGN_INS.c.user_id, SIGN_INS.c.id.desc()).limit(literal_column("100")),
    "sign_ins.addresses",
)


class PostgresAccountReader(AccountReader):
    """Reads the catalog's primary."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_sign_ins(self, user_id: UserId, page: PageRequest, now: datetime) -> Page[SignIn]:
        """Read a page."""
        statement, values = _SIGN_INS.for_page(page)
        rows = await self._database.rows(statement, user_id=user_id, now=now, **values)
        return page_of([sign_in_from(row) for row in rows], page)

    async def addresses_of(self, user_id: UserId) -> frozenset[str]:
        """Read the addresses of the newest."""
        rows = await self._database.rows(_ADDRESSES, user_id=user_id)
        return frozenset(row["address"] for row in rows if row["address"] is not None)

    async def list_audit(self, user_id: UserId, page: PageRequest) -> Page[AuditEntry]:
        """Read a page."""
        statement, values = _AUDIT.for_page(page)
        return page_of([audit_entry_from(row) for row in await self._database.rows(statement, user_id=user_id, **values)], page)
