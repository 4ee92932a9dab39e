"""Which owners and agents the catalog knows: another database than the shard's, asked a batch at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ARRAY, bindparam, func, select, union_all

from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from adapters.postgres.tables import AGENTS, ERASURES, USERS, Id

_ids: Final[Any] = func.any(bindparam("ids", type_=ARRAY(Id)))
_AGENTS: Final = Statement(select(AGENTS.c.id).where(AGENTS.c.id == _ids), "consistency.known_agents")
# Whoever is being erased is known: what is left of them is on its way out.
_USERS: Final = Statement(
    union_all(
        select(USERS.c.id).where(USERS.c.id == _ids), select(ERASURES.c.user_id).where(ERASURES.c.user_id == _ids),
    ),
    "consistency.known_users",
)


@dataclass(frozen=True, slots=True)
class Owners:
    """Asks the catalog."""

    catalog: Database

    async def users(self, ids: Iterable[str]) -> set[str]:
        """Return those of the users that there are, or are just being erased."""
        return await self._known(_USERS, ids)

    async def agents(self, ids: Iterable[str]) -> set[str]:
        """Return those of the agents that there are, retired or not."""
        return await self._known(_AGENTS, ids)

    async def _known(self, statement: Statement, ids: Iterable[str]) -> set[str]:
        return {row["id"] for row in await self.catalog.rows(statement, ids=sorted(set(ids)))}
