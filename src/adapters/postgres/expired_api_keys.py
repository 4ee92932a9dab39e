"""API keys that have ended, in Postgres."""

from datetime import datetime
from typing import Final

from sqlalchemy import Integer, bindparam, delete, func, literal_column, select

from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from adapters.postgres.tables import API_KEYS, Moment
from application.ports.expired_api_keys import ExpiredApiKeys

_ended: Final = (
    select(API_KEYS.c.id).where(API_KEYS.c.expires_at < bindparam("ended_before", type_=Moment))
    .order_by(API_KEYS.c.expires_at).limit(bindparam("limit", type_=Integer)).with_for_update(skip_locked=True)
)
_gone: Final = (
    delete(API_KEYS).where(API_KEYS.c.id == func.any(func.array(_ended.scalar_subquery())))
    .returning(literal_column("1")).cte("gone")
)
_REMOVE: Final = Statement(select(func.count().label("removed")).select_from(_gone), "api_keys.remove_expired")


class PostgresExpiredApiKeys(ExpiredApiKeys):
    """The keys of the catalog."""

    def __init__(self, catalog: Database) -> None:
        self._catalog = catalog

    async def remove(self, ended_before: datetime, limit: int) -> int:
        """Delete them in one statement."""
        rows = await self._catalog.take(_REMOVE, ended_before=ended_before, limit=limit)
        return int(rows[0]["removed"])
