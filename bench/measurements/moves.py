"""For how long writers wait when buckets move to another shard under constant writes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from random import choice
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

from adapters.postgres.moving.work import Attendance
from bench.measurement import Metric, Sample, Side
from bench.stage import Stage
from domain.shared.identifiers import bucket_of
from tests.integration.postgres.moving.traffic import Traffic
from tests.integration.postgres.moving.world import World
from tests.support.servers import running_postgres
from tests.support.sharding import owner_on

_OWNERS = 8
_LIMIT_MS = 500


class Moves:
    """Two shards on servers with the durability of production, two nodes, eight owners who write all the time."""

    name = "moves"
    title = f"buckets move between two shards while {_OWNERS} owners write through two nodes"
    metrics = (
        Metric("fence", "fence, median of a round", "ms"),
        Metric("longest", "fence, longest of a round", "ms", limit=_LIMIT_MS),
        Metric("writes", "acknowledged writes", "/s", "higher"),
    )

    def __init__(self, scale: float) -> None:
        self._moves = max(2, round(6 * scale))

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        fenced: list[float] = []
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="onelast-bench-moves-")))
            servers = [await stack.enter_async_context(running_postgres(folder / name, {})) for name in ("one", "two")]
            world = World(await servers[0].database(), (await servers[0].database(), await servers[1].database()))
            nodes = await stack.enter_async_context(world.nodes(2))
            owners = [owner_on(0, 2) for _ in range(_OWNERS)]
            homes = {bucket_of(owner): 0 for owner in owners}
            async with Traffic.of(nodes, owners) as traffic:
                yield {"ours": partial(self._sample, world, traffic, homes, fenced)}
            await traffic.require_exact(world, [homes[bucket_of(owner)] for owner in owners])
        print(_told(fenced))

    async def _sample(self, world: World, traffic: Traffic, homes: dict[int, int], fenced: list[float]) -> Sample:
        began, before, mine = perf_counter(), traffic.acknowledged, list[float]()
        for _ in range(self._moves):
            bucket = choice([*homes])
            mover = await world.move([bucket], homes[bucket], 1 - homes[bucket], attendance=Attendance())
            homes[bucket] = 1 - homes[bucket]
            mine.append(mover.fenced_seconds * 1000)
        fenced += mine
        rate = (traffic.acknowledged - before) / (perf_counter() - began)
        return Sample({"fence": median(mine), "longest": max(mine), "writes": rate})


def _told(fenced: list[float]) -> str:
    cuts = quantiles(fenced, n=100, method="inclusive")
    verdict = "met" if cuts[98] < _LIMIT_MS else "MISSED"
    goal = f"goal: p99 < {_LIMIT_MS} ms, {verdict}"
    return f"moves: {len(fenced)} moves, fence p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms ({goal})"
