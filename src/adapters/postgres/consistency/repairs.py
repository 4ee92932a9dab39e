"""Repairs of single rows that no unit of work reaches."""

from typing import Any, Final

from sqlalchemy import Table, bindparam, delete, exists, func, literal_column, text, update

from adapters.postgres.consistency.evidence import CheckedDatabases
from adapters.postgres.statement import Statement
from adapters.postgres.tables import CATALOG_OUTBOX, MESSAGES, RUNS, SESSIONS, SHARD_OUTBOX, SHARES
from application.ports.consistency import RowRepairs
from domain.consistency.facts import MANY_ATTEMPTS
from domain.shared.identifiers import EventId, MessageId, RunId, ShareId

_id: Final[Any] = bindparam("the_id")
_ONE: Final[Any] = literal_column("1")


def _removal(table: Table) -> Statement:
    orphaned = ~exists().where(SESSIONS.c.id == table.c.session_id)
    old = table.c.created_at < func.now() - text("interval '1 hour'")
    return Statement(delete(table).where(table.c.id == _id, orphaned, old).returning(_ONE), f"consistency.remove_{table.name}")


def _expedition(table: Table) -> Statement:
    failing = table.c.attempts >= literal_column(str(MANY_ATTEMPTS))
    anew = {"due_at": func.now(), "attempts": literal_column("0")}
    expedition = update(table).where(table.c.id == _id, failing).values(anew).returning(_ONE)
    return Statement(expedition, f"consistency.expedite_in_{table.schema}")


_REMOVE_MESSAGE: Final = _removal(MESSAGES)
_REMOVE_RUN: Final = _removal(RUNS)
_REMOVE_SHARE: Final = _removal(SHARES)
_EXPEDITE: Final = {True: _expedition(CATALOG_OUTBOX), False: _expedition(SHARD_OUTBOX)}


class PostgresRowRepairs(RowRepairs):
    """One statement each."""

    def __init__(self, databases: CheckedDatabases) -> None:
        self._databases = databases

    async def remove_message(self, shard: int, message_id: MessageId) -> bool:
        """Delete the row."""
        return bool(await self._databases.of(shard).take(_REMOVE_MESSAGE, the_id=message_id))

    async def remove_run(self, shard: int, run_id: RunId) -> bool:
        """Delete the row."""
        return bool(await self._databases.of(shard).take(_REMOVE_RUN, the_id=run_id))

    async def remove_share(self, shard: int, share_id: ShareId) -> bool:
        """Delete the row."""
        return bool(await self._databases.of(shard).take(_REMOVE_SHARE, the_id=share_id))

    async def expedite(self, shard: int | None, event_id: EventId) -> bool:
        """Set when it is due."""
        return bool(await self._databases.of(shard).take(_EXPEDITE[shard is None], the_id=event_id))
