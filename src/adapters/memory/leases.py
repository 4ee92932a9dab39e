"""Leases in memory: several nodes may share one store."""

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables
from application.ports.run_leases import RunLeases
from domain.runs.run import Run, RunStatus
from domain.shared.identifiers import NodeId, RunId

LEASE: Final = timedelta(seconds=4)
_STRAY: Final = timedelta(seconds=5)
_RELEASED: Final = datetime.min.replace(tzinfo=UTC)


class MemoryRunLeases(RunLeases):
    """The lease of one node; time is the store's."""

    def __init__(self, store: MemoryStore, node: NodeId) -> None:
        self._store, self._node = store, node
        self._until, self._taken = _RELEASED, 0

    @property
    def node(self) -> NodeId:
        """Return what this node is called."""
        return self._node

    @property
    def tenure(self) -> int | None:
        """Return how often the lease was taken, if the last renewal is recent."""
        return self._taken if self._store.clock.now() < self._until else None

    async def renew(self) -> Sequence[RunId]:
        """Renew, and read whom to stop."""

        def work(tables: Tables) -> list[RunId]:
            self._taken += self.tenure is None
            tables.leases[self._node] = self._until = self._store.clock.now() + LEASE
            return [run.id for run in tables.runs.values() if _made_by(run, self._node) and run.cancel_requested]

        return await self._store.change(work)

    async def claim(self, limit: int) -> Sequence[Run]:
        """Take over what dead nodes made."""
        now = self._store.clock.now()

        def work(tables: Tables) -> list[Run]:
            dead = {node: until for node, until in tables.leases.items() if until < now}
            lost = [run for run in tables.runs.values() if run.node in dead and _made_by(run, run.node)]
            return self._take(tables, lost, limit, lambda run: run.node is not None and dead[run.node] != _RELEASED)

        return await self._store.change(work)

    async def reclaim(self, making: Collection[RunId], limit: int) -> Sequence[Run]:
        """Take over what this node should make and does not."""
        born_before = self._store.clock.now() - _STRAY

        def work(tables: Tables) -> list[Run]:
            made = [run for run in tables.runs.values() if run.node is not None and _made_by(run, run.node)]
            strays = [run for run in made if run.node not in tables.leases or (run.node == self._node and run.id not in making)]
            return self._take(tables, [run for run in strays if run.created_at < born_before], limit, lambda _: False)

        return await self._store.change(work)

    async def release(self) -> None:
        """End the lease as of always."""

        def work(tables: Tables) -> None:
            if self._node in tables.leases:
                tables.leases[self._node] = _RELEASED

        await self._store.change(work)

    def _take(self, tables: Tables, runs: list[Run], limit: int, lost: Callable[[Run], bool]) -> list[Run]:
        taken = []
        for run in sorted(runs, key=lambda one: one.created_at)[:limit]:
            fresh = deepcopy(run)
            fresh.take_over(self._node, lost=lost(run))
            fresh.version += 1
            tables.runs[fresh.id] = fresh
            taken.append(deepcopy(fresh))
        return taken


def _made_by(run: Run, node: NodeId | None) -> bool:
    return run.node == node and run.status is RunStatus.STREAMING
