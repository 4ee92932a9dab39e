"""Growth with a session's history, and with the number of a user's sessions."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from statistics import median

import asyncpg

from bench.client import connected
from bench.cpu import Meter
from bench.histories import multiply
from bench.measurement import Metric, Sample, Side
from bench.measurements.history import Past, check_answer, past_of
from bench.stage import FAST, Stage
from bench.targets import Conversation, Target
from bench.wire import Answer, request

_LENGTHS = (50, 5_000, 50_000)
_COUNTS = (40, 1_000, 10_000)
_FEWEST_WEIGHED = 1_000  # fewer fit into pages that are there


class GrowthHistory:
    """Single requests to sessions of different lengths; nothing is cached, what the database takes is the question."""

    name = "growth-history"
    title = "a session's history, in messages; one request at a time, without caches"
    metrics = (
        Metric("open", "GET the session, median", "ms"),
        Metric("page", "GET the newest 20 messages, median", "ms"),
        Metric("deep", "GET 20 messages in the middle, median", "ms"),
        Metric("append", "a message and its whole reply, median", "ms"),
        Metric("cpu", "server's CPU for all of these", "ms"),
        Metric("bytes", "table and indexes, per message (735 characters)", "B"),
    )

    def __init__(self, scale: float) -> None:
        self._reads, self._replies = max(20, round(300 * scale)), max(10, round(40 * scale))

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.ours(FAST, ONELAST_CACHE_LAYERS="none") as started:
            yield {f"{length:,}": partial(self._sample, stage, started.target, length) for length in _LENGTHS}

    async def _sample(self, stage: Stage, target: Target, length: int) -> Sample:
        (lister,) = await target.converse(1)
        before = await _size(stage.dsn, "shard.messages")
        past = await past_of(stage, target, length, lister)
        grown = await _size(stage.dsn, "shard.messages") - before
        meter = Meter(target.pid, stage.cores)
        values = {key: await self._median(target, key, past) for key in ("open", "page", "deep", "append")}
        usage = await meter.stop()
        asked = 3 * self._reads + self._replies
        weighed = {"bytes": grown / length} if length >= _FEWEST_WEIGHED else {}
        return Sample({**values, "cpu": usage.server_cpu / asked * 4e3, **weighed}, usage)

    async def _median(self, target: Target, key: str, past: Past) -> float:
        return await median_of(target, key, past.asks()[key], self._replies if key == "append" else self._reads)


class GrowthSessions:
    """Lists of users with few and many sessions."""

    name = "growth-sessions"
    title = "a user's sessions; one request at a time, without caches"
    metrics = (
        Metric("list", "GET the newest 20 sessions, median", "ms"),
        Metric("deep", "GET 20 sessions in the middle, median", "ms"),
        Metric("cpu", "server's CPU for one", "ms"),
    )

    def __init__(self, scale: float) -> None:
        self._reads = max(20, round(300 * scale))

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.ours(FAST, ONELAST_CACHE_LAYERS="none") as started:
            listers = await started.target.converse(len(_COUNTS))
            sides = {}
            for count, lister in zip(_COUNTS, listers, strict=True):
                middle = sorted([lister.session, *await multiply(stage.dsn, lister.session, count)])[count // 2]
                sides[f"{count:,}"] = partial(self._sample, stage, started.target, lister, middle)
            yield sides

    async def _sample(self, stage: Stage, target: Target, lister: Conversation, middle: str) -> Sample:
        path = "/v1/sessions?limit=20"
        asks = {
            "list": request("GET", path, token=lister.token),
            "deep": request("GET", f"{path}&after={middle}", token=lister.token),
        }
        meter = Meter(target.pid, stage.cores)
        values = {key: await median_of(target, "list", ask, self._reads) for key, ask in asks.items()}
        usage = await meter.stop()
        return Sample(values | {"cpu": usage.server_cpu / (2 * self._reads) * 1e3}, usage)


async def median_of(target: Target, key: str, ask: bytes, count: int) -> float:
    """Return the median time of so many requests one after the other, in ms; every answer is looked at."""
    answers: list[Answer] = []
    async with connected(target.port, 1) as line:
        await line.drive([iter([ask] * count)], answers.append)
    for answer in answers:
        check_answer(key, answer)
    return median(answer.seconds for answer in answers) * 1e3


async def _size(dsn: str, table: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        size: int = await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", table)
        return size
    finally:
        await connection.close()
