"""What a node does for runs beside making them."""

import asyncio

import pytest

from adapters.memory.clock import HandClock
from adapters.memory.leases import MemoryRunLeases
from adapters.memory.run_log import MemoryRunLog
from adapters.memory.shards import MemoryShards
from adapters.memory.store import MemoryStore
from adapters.system.task_dispatcher import TaskRunDispatcher
from application.ports.run_dispatcher import Assignment
from application.runs.make_reply import MakeReplyCommand
from application.runs.tend_runs import TendRuns
from domain.shared.errors import Unavailable
from domain.shared.identifiers import NodeId, RunId
from tests.contracts.ports.run_leases import begun_by
from tests.support.builders import LATER
from tests.support.limits import slots_of


class UnreachableRunLog(MemoryRunLog):
    """Is away until it is said to be back."""

    away = True

    async def ping(self) -> None:
        if self.away:
            raise Unavailable("away")


async def test_a_node_cut_off_from_the_log_keeps_its_runs_and_takes_no_others() -> None:
    store, log, made = MemoryStore(HandClock(LATER)), UnreachableRunLog(), list[RunId]()

    async def make(command: MakeReplyCommand) -> Assignment | None:
        made.append(command.order.run.id)
        return None

    dead, ours = (MemoryRunLeases(store, NodeId(name)) for name in ("node_dead", "node_ours"))
    dispatcher = TaskRunDispatcher(make, slots_of(store))
    tend_runs = TendRuns(ours, log, dispatcher)
    await dead.renew()
    lost = await begun_by(dead, MemoryShards(store))
    await dead.release()
    with pytest.raises(Unavailable):
        await tend_runs.execute()
    assert ours.tenure is not None
    log.away = False
    assert await tend_runs.execute() == 1
    await asyncio.sleep(0)
    assert made == [lost.id]
