"""A trial from beginning to end."""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from random import Random

from prometheus_client.parser import text_string_to_metric_families

from tests.chaos.cluster import Cluster, running_cluster
from tests.chaos.node import Node
from tests.chaos.plan import Plan
from tests.chaos.wire import new_http
from tests.coherence.faults import Faults
from tests.coherence.people import Person, Phone
from tests.coherence.record import Record
from tests.support.processes import ONELAST, running

_FAMILY = "onelast_cache_operations"
_FAILED = "a reaction failed and is left to the outbox"


@dataclass(frozen=True, slots=True)
class Trial:
    """So many people for so many seconds; with `mild` faults alone, no server is lost."""

    seconds: float = 300.0
    people: int = 6
    seed: int = 0
    mild: bool = False


async def rehearse(plan: Trial) -> Record:
    """Return what happened."""
    record = Record()
    async with running_cluster(Plan(plan.seconds, nodes=3, seed=plan.seed, forgetful=True)) as cluster, AsyncExitStack() as stack:
        await stack.enter_async_context(running(ONELAST, "worker", environment=_straight(cluster)))
        http = await stack.enter_async_context(new_http())
        people = [_person(http, cluster, record, f"{plan.seed}/{number}") for number in range(plan.people)]
        for person in people:
            await person.arrive()
        ends = time.time() + plan.seconds
        async with asyncio.TaskGroup() as tasks:
            for person in people:
                tasks.create_task(person.live(ends))
            tasks.create_task(Faults(cluster, record, Random(plan.seed), mild=plan.mild).rage(plan.seconds))
        for node in cluster.nodes:
            async with http.get(f"http://127.0.0.1:{node.port}/metrics") as answer:
                record.counts[node.name] = _counts(await answer.text())
            await node.clear_away()
            record.failed[node.name] = _failures(node)
    return record


def _person(http: object, cluster: Cluster, record: Record, seed: str) -> Person:
    return Person(Phone(http, cluster, record, Random(seed)), Random(f"{seed}/turns"))  # type: ignore[arg-type]


def _straight(cluster: Cluster) -> Mapping[str, str]:
    """Return the settings of a worker, whose lines do not break."""
    assert cluster.valkey._server is not None
    own = {"ONELAST_CATALOG_DSN": cluster.dsn, "ONELAST_REDIS_URL": cluster.valkey._server.url}
    return {**cluster.nodes[0]._settings, **own}


def _counts(text: str) -> Mapping[tuple[str, str], float]:
    families = [family for family in text_string_to_metric_families(text) if family.name == _FAMILY]
    return {(one.labels["layer"], one.labels["outcome"]): one.value for family in families for one in family.samples}


def _failures(node: Node) -> list[float]:
    """Return when the node said that it could not invalidate."""
    lines = [line for line in node.log.splitlines() if _FAILED in line]
    return [datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp() for line in lines]
