"""Which owners and agents the catalog knows: another database than the shard's, asked a batch at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ARRAY, Table, bindparam, func, select

from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from adapters.postgres.tables import AGENTS, USERS, Id


def _known(table: Table) -> Statement:
    these = table.c.id == func.any(bindparam("ids", type_=ARRAY(Id)))
    return Statement(select(table.c.id).where(these), f"consistency.known_{table.name}")


_USERS: Final = _known(USERS)
_AGENTS: Final = _known(AGENTS)


@dataclass(frozen=True, slots=True)
class Owners:
    """Asks the catalog."""

    catalog: Database

    async def users(self, ids: Iterable[str]) -> set[str]:
        """Return those of the users that there are."""
        return await self._known(_USERS, ids)

    async def agents(self, ids: Iterable[str]) -> set[str]:
        """Return those of the agents that there are, retired or not."""
        return await self._known(_AGENTS, ids)

    async def _known(self, statement: Statement, ids: Iterable[str]) -> set[str]:
        return {row["id"] for row in await self.catalog.rows(statement, ids=sorted(set(ids)))}
