"""uvicorn and granian under the same application; measured by `--only servers` for the decision of ADR 33."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import repeat

from bench.client import fetch
from bench.measurement import Metric, Sample, Side
from bench.measurements.appends import sample_appends
from bench.measurements.gets import Get, sample_gets
from bench.measurements.open_streams import METRICS, sample_open_streams
from bench.measurements.replies import reply_load
from bench.stage import FAST, STALLED, Stage
from bench.targets import Target

_WIDTH = 64


class Servers:
    """Reads that the process remembers, streams, and messages, on both servers in turn."""

    name = "servers"
    title = "the same application on two servers, one core"
    metrics = (
        Metric("reads", "cached GET of a session, 32 at once", "/s", "higher"),
        Metric("reads_cpu", "CPU of one", "µs"),
        Metric("streams", "stored 50-token streams, 64 at once", "/s", "higher"),
        Metric("streams_cpu", "CPU of one", "µs"),
        Metric("p50", "POST message to 202, 32 at once, p50", "ms"),
        Metric("p99", "POST message to 202, 32 at once, p99", "ms"),
        Metric("posts_cpu", "CPU of one, its reply's included", "µs"),
    )

    def __init__(self, scale: float) -> None:
        self._seconds, self._sessions = 1.2 * scale, max(2, round(4 * scale))

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.ours(FAST) as uvicorn, stage.ours(FAST, server="granian") as granian:
            yield {
                "uvicorn": partial(self._sample, stage, uvicorn.target), "granian": partial(self._sample, stage, granian.target),
            }

    async def _sample(self, stage: Stage, target: Target) -> Sample:
        (conversation,) = await target.converse(1)
        (known,) = await fetch(target.port, [conversation.read])
        reads = await sample_gets(stage, target, Get(repeat(conversation.read), len(known.raw) - known.body_at), self._seconds)
        answers, usage = await reply_load(target, stage.cores, _WIDTH, await target.converse(self._sessions * _WIDTH))
        posts = await sample_appends(stage, target, self._sessions * _WIDTH)
        return Sample({
            "reads": reads.values["rate"], "reads_cpu": reads.values["cpu"],
            "streams": len(answers) / usage.seconds, "streams_cpu": usage.server_cpu / len(answers) * 1e6,
            "p50": posts.values["p50"], "p99": posts.values["p99"], "posts_cpu": posts.values["cpu"],
        }, usage)


class ServersOpen:
    """Both servers, started anew each round, with five hundred streams open."""

    name = "servers-open"
    metrics = METRICS

    def __init__(self, scale: float) -> None:
        self._streams = round(500 * min(1.0, 2.5 * scale))
        self.title = f"{self._streams} silent streams on each server, started anew each round"

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        yield {
            name: partial(sample_open_streams, stage, partial(stage.ours, STALLED, server=name), self._streams)
            for name in ("uvicorn", "granian")
        }
