"""Sessions with the last message, the runs that have not ended, the owner and the agent of each."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select, text

from adapters.postgres.consistency.owners import Owners
from adapters.postgres.consistency.scan import Row, Rows, Scan, Selection
from adapters.postgres.tables import MESSAGES, RUNS, SESSIONS
from domain.consistency.conversation import SessionFacts
from domain.consistency.facts import Facts
from domain.consistency.whereabouts import Lodging

_SELECTION: Final = Selection(
    (
        SESSIONS.c.id, SESSIONS.c.owner_id, SESSIONS.c.bucket, SESSIONS.c.agent_id, SESSIONS.c.head_seq, SESSIONS.c.active_run_id,
        SESSIONS.c.waiting,
        select(func.max(MESSAGES.c.seq)).where(MESSAGES.c.session_id == SESSIONS.c.id).scalar_subquery().label("last_seq"),
        select(RUNS.c.status).where(RUNS.c.id == SESSIONS.c.active_run_id, RUNS.c.session_id == SESSIONS.c.id)
        .scalar_subquery().label("active_status"),
        select(func.count()).select_from(RUNS).where(RUNS.c.session_id == SESSIONS.c.id, RUNS.c.status == text("'queued'"))
        .scalar_subquery().label("queued"),
    ),
    (SESSIONS.c.id,), ("",), SESSIONS.c.id,
)


class SessionScan(Scan):
    """Looks into the catalog too."""

    def __init__(self, owners: Owners, size: int) -> None:
        super().__init__(_SELECTION, size, _session)
        self._owners = owners

    async def facts(self, rows: Rows, shard: int) -> Sequence[Facts]:
        """Return the facts of these sessions."""
        users = await self._owners.users(row["owner_id"] for row in rows)
        agents = await self._owners.agents(row["agent_id"] for row in rows)
        return [_session(row, shard, row["owner_id"] in users, row["agent_id"] in agents) for row in rows]


def _session(row: Row, shard: int, owner_known: bool = True, agent_known: bool = True) -> SessionFacts:
    return SessionFacts(
        Lodging(row["id"], row["bucket"], row["owner_id"], shard), row["agent_id"], row["head_seq"], row["last_seq"] or 0,
        row["active_run_id"], row["active_status"], row["waiting"], row["queued"], owner_known, agent_known,
    )
