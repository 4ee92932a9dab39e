"""Leases of nodes on the runs that they make: one row per node and shard, in the database where the runs are."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, Double, Integer, bindparam, case, delete, exists, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.database import Database
from adapters.postgres.placement import Placement
from adapters.postgres.rows import run_from
from adapters.postgres.statement import Statement
from adapters.postgres.tables import FENCES, NODES, RUNS, Id
from application.ports.run_leases import RunLeases
from domain.runs.run import Run
from domain.shared.errors import Unavailable
from domain.shared.identifiers import NodeId, RunId

# A node renews several times in this while; so long is a run without its maker when the node dies.
LEASE_SECONDS: Final = 4.0
_STRAY_SECONDS: Final = 5.0
_DEAD_KEPT_SECONDS: Final = 60.0


def _seconds(name: str) -> Any:
    """Return the bound number of seconds as an interval."""
    return func.make_interval(0, 0, 0, 0, 0, 0, bindparam(name, type_=Double))


_node: Final = bindparam("node", type_=Id)
_limit: Final = bindparam("limit", type_=Integer)
_known: Final = {name: bindparam(name, type_=Integer) for name in ("map_version", "shards")}
_open: Final = RUNS.c.finished_at.is_(None)
_until: Final = func.now() + _seconds("lease")
_renewed: Final = (
    insert(NODES).values(id=_node, alive_until=_until, **_known)
    .on_conflict_do_update(index_elements=["id"], set_={"alive_until": _until, **_known})
    .returning(NODES.c.id).cte("renewed")
)
_RENEW: Final = Statement(
    select(RUNS.c.id).select_from(_renewed.join(RUNS, RUNS.c.node == _renewed.c.id)).where(_open, RUNS.c.cancel_requested),
    "nodes.renew",
)
_RELEASE: Final = Statement(
    update(NODES).where(NODES.c.id == _node).values(alive_until=text("'-infinity'")), "nodes.release"
)


def _taking(wanted: Any, name: str) -> Statement:
    """Return the statement that takes over the runs that `wanted` selects, with `id` and `lost` (1 or 0)."""
    here = wanted.where(RUNS.c.bucket.not_in(select(FENCES.c.bucket)))
    them = here.order_by(RUNS.c.created_at).limit(_limit).with_for_update(of=RUNS, skip_locked=True).cte("them")
    return Statement(
        update(RUNS).where(RUNS.c.id == them.c.id).values(
            node=_node, attempt=RUNS.c.attempt + literal(1, Integer), losses=RUNS.c.losses + them.c.lost,
            version=RUNS.c.version + literal(1, Integer),
        ).returning(RUNS),
        name,
    )


_lost: Final = case((NODES.c.alive_until == text("'-infinity'"), literal(0, Integer)), else_=literal(1, Integer)).label("lost")
_CLAIM: Final = _taking(
    select(RUNS.c.id, _lost).join(NODES, NODES.c.id == RUNS.c.node)
    .where(NODES.c.alive_until < func.now() - _seconds("grace"), _open),
    "runs.claim",
)
_old_enough: Final = RUNS.c.created_at < func.now() - text(f"interval '{_STRAY_SECONDS} seconds'")
_ours_unmade: Final = (RUNS.c.node == _node) & (RUNS.c.id != func.all(bindparam("making", type_=ARRAY(Id))))


def _lost_makers() -> Any:
    """Return the selection of nodes without a row that have open runs: each maker is found by an index behind the one before."""
    first = select(func.min(RUNS.c.node).label("node")).where(_open).cte("makers", recursive=True)
    following = select(func.min(RUNS.c.node)).where(_open, RUNS.c.node > first.c.node).scalar_subquery()
    makers = first.union_all(select(following).where(first.c.node.is_not(None)))
    return select(makers.c.node).where(makers.c.node.is_not(None), ~exists().where(NODES.c.id == makers.c.node))


# The last commit of a node that left may have come after its row was swept away.
_of_nobody: Final = RUNS.c.node == func.any(func.array(_lost_makers().scalar_subquery()))
_RECLAIM: Final = _taking(
    select(RUNS.c.id, literal(0, Integer).label("lost")).where(_open, _old_enough, _ours_unmade | _of_nobody),
    "runs.reclaim",
)
_SWEEP: Final = Statement(
    delete(NODES).where(
        NODES.c.alive_until < func.now() - text(f"interval '{_DEAD_KEPT_SECONDS} seconds'"),
        ~exists().where(RUNS.c.node == NODES.c.id, _open),
    ),
    "nodes.sweep",
)


class PostgresRunLeases(RunLeases):
    """Works on all shards at once; `lease` is in seconds. With it goes which shard map this process knows, and how many shards.

    After a shard's outage, in which nobody could renew, nodes have another lease's time to come back before they count as dead.
    """

    def __init__(self, placement: Placement, node: NodeId, *, lease: float = LEASE_SECONDS) -> None:
        self._placement, self._node, self._lease = placement, node, lease
        self._shards = tuple(dict.fromkeys(placement.databases))
        self._held_until, self._taken = float("-inf"), 0
        self._away: set[Database] = set()
        self._back_since: dict[Database, float] = {}

    @property
    def node(self) -> NodeId:
        """Return what this process is called."""
        return self._node

    @property
    def tenure(self) -> int | None:
        """Return how often the lease was taken, if the last renewal on all shards began less than a lease ago by our clock."""
        return self._taken if time.monotonic() < self._held_until else None

    async def renew(self) -> Sequence[RunId]:
        """Renew, and read whom to stop, in one statement."""
        await self._placement.refresh()
        began = time.monotonic()
        rows = await self._on_all(self._renew)
        if not self._away:
            self._taken += self.tenure is None
            self._held_until = began + self._lease
        return [row["id"] for row in rows]

    async def claim(self, limit: int) -> Sequence[Run]:
        """Take over in one statement; locked rows are being claimed by another."""
        rows = await self._on_all(lambda shard: shard.take(_CLAIM, node=self._node, limit=limit, grace=self._grace(shard)))
        return [run_from(row) for row in rows]

    async def reclaim(self, making: Collection[RunId], limit: int) -> Sequence[Run]:
        """Take over own strays, and forget nodes that are long dead."""
        rows = await self._on_all(lambda shard: shard.take(_RECLAIM, node=self._node, making=list(making), limit=limit))
        await self._on_all(lambda shard: shard.take(_SWEEP))
        return [run_from(row) for row in rows]

    async def release(self) -> None:
        """End the lease as of always."""
        await self._on_all(lambda shard: shard.take(_RELEASE, node=self._node))

    async def _renew(self, shard: Database) -> Sequence[Any]:
        try:
            rows = await shard.take(
                _RENEW, node=self._node, lease=self._lease, map_version=self._placement.version,
                shards=len(self._placement.databases),
            )
        except Unavailable:
            self._away.add(shard)
            raise
        if shard in self._away:
            self._away.remove(shard)
            self._back_since[shard] = time.monotonic()
        return rows

    def _grace(self, shard: Database) -> float:
        back_since = self._back_since.get(shard, float("-inf"))
        return self._lease if shard in self._away or time.monotonic() - back_since < self._lease else 0.0

    async def _on_all(self, work: Callable[[Database], Awaitable[Sequence[Any]]]) -> list[Any]:
        outcomes = await asyncio.gather(*(work(shard) for shard in self._shards), return_exceptions=True)
        failures = [one for one in outcomes if isinstance(one, BaseException)]
        for failure in failures:
            if len(failures) == len(outcomes) or not isinstance(failure, Unavailable):
                raise failure
        return [row for outcome in outcomes if not isinstance(outcome, BaseException) for row in outcome]
