"""Growth with open streams, with nodes that have copies, with shards, and with users."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import cycle
from random import Random

import asyncpg
import psutil

from bench.client import fetch
from bench.histories import people
from bench.measurement import Metric, Sample, Side
from bench.measurements.gets import Get, sample_gets
from bench.measurements.open_streams import METRICS, sample_open_streams
from bench.measurements.recall import nodes_with_copies, sample_recalls
from bench.measurements.replies import reply_load
from bench.stage import FAST, STALLED, Stage
from bench.wire import request

_STREAMS, _NODES, _SHARDS, _USERS = (100, 1_000, 3_000), (1, 3, 6), (1, 2, 4), (1_000, 10_000, 100_000)
_ASKERS = 500
_SETTLE = 0.5
Settings = Mapping[str, str]


class GrowthStreams:
    """Servers with few and many silent streams, started anew for each."""

    name = "growth-streams"
    title = "open streams on which nothing is said, on a server that was started for them"
    metrics = METRICS

    def __init__(self, scale: float) -> None:
        """The sizes are the question."""

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        yield {f"{count:,}": partial(sample_open_streams, stage, partial(stage.ours, STALLED), count) for count in _STREAMS}


class GrowthNodes:
    """Invalidations of what one node has a copy of, or three, or six."""

    name = "growth-nodes"
    title = "nodes that have a copy of what changes"
    metrics = (
        Metric("p50", "invalidation until all have forgotten, p50", "ms"), Metric("p99", "likewise, p99", "ms"),
    )

    def __init__(self, scale: float) -> None:
        self._times = max(100, round(500 * scale))

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with AsyncExitStack() as stack:
            layers = [await stack.enter_async_context(nodes_with_copies(stage.valkey_url, count)) for count in _NODES]
            yield {str(count): partial(sample_recalls, each, self._times) for count, each in zip(_NODES, layers, strict=True)}


class GrowthShards:
    """Readings and replies of eight users on one shard, two, or four, all of which are on one server."""

    name = "growth-shards"
    title = "shards (databases of one server); readings without caches"
    metrics = (
        Metric("cpu", "CPU of a GET of a session", "µs"), Metric("rate", "GET of a session, 32 at once", "/s", "higher"),
        Metric("reply", "CPU of a stored 50-token stream", "µs"), Metric("connections", "connections to Postgres", "in all"),
        Metric("memory", "idle memory (RSS)", "MB"),
    )

    def __init__(self, scale: float) -> None:
        self._seconds = max(1.0, 2 * scale)

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        systems = {str(count): await stage.databases(f"with_{count}", count) for count in _SHARDS}
        yield {name: partial(self._sample, stage, settings) for name, settings in systems.items()}

    async def _sample(self, stage: Stage, settings: Settings) -> Sample:
        async with stage.ours(FAST, ONELAST_CACHE_LAYERS="none", **settings) as started:
            target = started.target
            await asyncio.sleep(_SETTLE)
            memory = psutil.Process(target.pid).memory_info().rss / 1e6
            conversations = await target.converse(64)
            (known,) = await fetch(target.port, [conversations[0].read])
            asks = cycle([each.read for each in conversations])
            reads = await sample_gets(stage, target, Get(asks, len(known.raw) - known.body_at), self._seconds)
            answers, usage = await reply_load(target, stage.cores, 32, conversations)
            dsns = [settings["ONELAST_CATALOG_DSN"], *settings["ONELAST_SHARD_DSNS"].split(",")]
            connections = await _connections(stage.dsn, [dsn.rpartition("/")[2] for dsn in dsns])
        return Sample({
            **reads.values, "reply": usage.server_cpu / len(answers) * 1e6, "connections": connections, "memory": memory,
        }, usage)


class GrowthUsers:
    """Requests of many users of systems that have few and many; nothing is cached."""

    name = "growth-users"
    title = "users of a system (500 of them ask); GET /v1/users/me with an API key, without caches"
    metrics = (
        Metric("rate", "requests, 32 at once", "/s", "higher"), Metric("cpu", "server's CPU for one", "µs"),
        Metric("bytes", "catalog, per user with a key", "B"),
    )

    def __init__(self, scale: float) -> None:
        self._seconds = max(1.0, 2 * scale)

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        sides = {}
        for count in _USERS:
            settings = await stage.databases(f"of_{count}")
            keys = await people(settings["ONELAST_CATALOG_DSN"], count)
            asking = Random(count).sample(keys, _ASKERS)
            sides[f"{count:,}"] = partial(self._sample, stage, settings, asking, count)
        yield sides

    async def _sample(self, stage: Stage, settings: Settings, keys: list[str], count: int) -> Sample:
        asks = [request("GET", "/v1/users/me", token=key) for key in keys]
        async with stage.ours(FAST, ONELAST_CACHE_LAYERS="none", **settings) as started:
            (known,) = await fetch(started.target.port, [asks[0]])
            known.json()
            sample = await sample_gets(stage, started.target, Get(cycle(asks), len(known.raw) - known.body_at), self._seconds)
        size = await _database_size(settings["ONELAST_CATALOG_DSN"])
        return Sample({**sample.values, "bytes": size / count}, sample.usage)


async def _connections(dsn: str, databases: list[str]) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        count: int = await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname = ANY($1)", databases)
        return count
    finally:
        await connection.close()


async def _database_size(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        size: int = await connection.fetchval(
            "SELECT pg_total_relation_size('catalog.users') + pg_total_relation_size('catalog.api_keys')"
        )
        return size
    finally:
        await connection.close()
