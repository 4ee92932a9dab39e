"""Positions in the log of a shard's source."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, bindparam, func, literal_column, select, text

from adapters.postgres.placement import Placement
from adapters.postgres.statement import Statement
from adapters.postgres.tables import RUNS, Id
from application.freshness import Position
from application.ports.positions import Positions
from domain.shared.identifiers import RunId, UserId

# Not "finished_at IS NULL", which leads the planner to the index of all open runs.
_open: Final = func.coalesce(RUNS.c.finished_at, text("'infinity'")) == text("'infinity'")
_unfinished: Final[Any] = (
    select(RUNS.c.id).where(RUNS.c.id == func.any(bindparam("pending", type_=ARRAY(Id))), _open).scalar_subquery()
)
# What is written and not flushed is sent to no replica yet; a commit that waits for no flush may be among it.
_COMMITTED: Final = (
    "CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END"
)
_NOTE: Final = Statement(
    select(
        literal_column(f"pg_wal_lsn_diff({_COMMITTED}, '0/0')::bigint").label("reached"),
        func.array(_unfinished).label("pending"),
    ),
    "sources.note_position",
)


class PostgresPositions(Positions):
    """Asks the source of the owner's shard."""

    def __init__(self, placement: Placement) -> None:
        self._placement = placement

    @property
    def kept(self) -> bool:
        """Tell whether any shard has replicas."""
        return bool(self._placement.replicas)

    async def note(self, owner_id: UserId, pending: Sequence[RunId] = ()) -> Position:
        """Read the position and which runs have not ended, in this order."""
        routing = self._placement.routing
        number = routing.shard_of(owner_id)
        (row,) = await self._placement.databases[number].rows(_NOTE, pending=list(pending))
        return Position(routing.version, number, row["reached"], tuple(RunId(run) for run in row["pending"]))
