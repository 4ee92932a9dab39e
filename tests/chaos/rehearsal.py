"""A run of chaos from beginning to end."""

import asyncio
from contextlib import suppress
from random import Random

from tests.chaos.cluster import Cluster, running_cluster
from tests.chaos.crowd import Crowd
from tests.chaos.faults import Faults
from tests.chaos.history import History
from tests.chaos.plan import Plan
from tests.chaos.stored import count_open_runs, read_stored
from tests.chaos.viewers import Viewer
from tests.chaos.wire import Line, new_http
from tests.support.processes import until

_LAST_WORDS_SECONDS = 60.0
_LATECOMERS = 50


async def rehearse(plan: Plan) -> tuple[History, dict[str, str]]:
    """Return the history of a run of chaos, and the nodes' logs."""
    history = History()
    async with running_cluster(plan) as cluster:
        async with new_http() as http:
            crowd = Crowd(http, cluster.urls, history, plan.seed)
            await crowd.gather(plan.streams)
            await _talk_and_rage(plan, cluster, crowd, history)
            await _everything_ended(cluster)
            await _look_back(cluster, crowd, history, plan)
        await read_stored(cluster.dsn, history)
        for node in cluster.nodes:
            await node.clear_away()
        return history, {node.name: node.log for node in cluster.nodes}


async def _talk_and_rage(plan: Plan, cluster: Cluster, crowd: Crowd, history: History) -> None:
    faults = Faults(cluster, history, Random(plan.seed), forgetful=plan.forgetful)
    with suppress(TimeoutError):
        async with asyncio.timeout(plan.seconds + _LAST_WORDS_SECONDS), asyncio.TaskGroup() as tasks:
            tasks.create_task(crowd.talk(plan.seconds))
            tasks.create_task(faults.rage(plan.seconds))


async def _everything_ended(cluster: Cluster) -> None:
    """Wait until no run is open, for as long as that may take; those that are open then are the checker's business."""

    async def ended() -> bool:
        return await count_open_runs(cluster.dsn) == 0

    with suppress(TimeoutError):
        await until(ended, within=20)


async def _look_back(cluster: Cluster, crowd: Crowd, history: History, plan: Plan) -> None:
    """Have latecomers see some of the replies that were made."""
    random = Random(plan.seed)
    told = [viewing for viewing in history.viewings if viewing.ended]
    lines = {talker.session_id: talker.line for talker in crowd.talkers}
    owners = {said.run_id: lines[said.session_id] for said in history.said}
    async with asyncio.timeout(_LAST_WORDS_SECONDS), asyncio.TaskGroup() as tasks:
        for earlier in random.sample(told, min(_LATECOMERS, len(told))):
            tasks.create_task(_see(earlier.run_id, owners[earlier.run_id], history, random))


async def _see(run_id: str, line: Line, history: History, random: Random) -> None:
    viewer = Viewer("latecomer", line, history, random)
    await viewer.follow(viewer.begin(run_id))
