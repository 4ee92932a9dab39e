"""Tokens that are good no longer, in Postgres."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Integer, bindparam, delete, func, literal_column, select

from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from adapters.postgres.tables import MAILED_TOKENS, SIGN_INS, SPENT_REFRESHES, Moment
from application.ports.expired_tokens import ExpiredTokens


def _removal(key: Column[Any], moment: Column[Any]) -> Statement:
    """Return the removal of the oldest rows, past those that somebody else is changing."""
    old = (
        select(key).where(moment < bindparam("before", type_=Moment))
        .order_by(moment).limit(bindparam("limit", type_=Integer)).with_for_update(skip_locked=True)
    )
    gone = (
        delete(key.table).where(key == func.any(func.array(old.scalar_subquery())))
        .returning(literal_column("1")).cte("gone")
    )
    return Statement(select(func.count().label("removed")).select_from(gone), f"{key.table.name}.remove_expired")


_SIGN_INS: Final = _removal(SIGN_INS.c.id, SIGN_INS.c.expires_at)
_SPENT: Final = _removal(SPENT_REFRESHES.c.refresh, SPENT_REFRESHES.c.spent_at)
_MAILED: Final = _removal(MAILED_TOKENS.c.fingerprint, MAILED_TOKENS.c.expires_at)


class PostgresExpiredTokens(ExpiredTokens):
    """The tokens of the catalog, each kind removed in one statement."""

    def __init__(self, catalog: Database) -> None:
        self._catalog = catalog

    async def remove_sign_ins(self, ended_before: datetime, limit: int) -> int:
        """Delete them; a foreign key takes along what they have spent."""
        return await self._removed(_SIGN_INS, ended_before, limit)

    async def remove_spent(self, spent_before: datetime, limit: int) -> int:
        """Delete them."""
        return await self._removed(_SPENT, spent_before, limit)

    async def remove_mailed(self, ended_before: datetime, limit: int) -> int:
        """Delete them."""
        return await self._removed(_MAILED, ended_before, limit)

    async def _removed(self, statement: Statement, before: datetime, limit: int) -> int:
        rows = await self._catalog.take(statement, before=before, limit=limit)
        return int(rows[0]["removed"])
