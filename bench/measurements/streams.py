"""Whole replies as fast as they come, 64 at once."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from bench.measurement import Metric, Sample, Side
from bench.measurements.replies import TURNS, reply_load
from bench.stage import FAST, Stage
from bench.targets import Target

_WIDTH = 64


class Streams:
    """CPU and rate of stored 50-token streamed replies."""

    name = "streams"
    metrics = (
        Metric("cpu", "server's CPU per reply", "ms"),
        Metric("rate", "replies", "/s", "higher", goal=0.6),
    )

    def __init__(self, scale: float) -> None:
        self._sessions = round(4 * scale) * _WIDTH
        self.title = f"{self._sessions * TURNS:,} stored 50-token replies a round, {_WIDTH} at once, unpaced"

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.pair(FAST) as targets:
            yield {target.name: partial(self._sample, stage, target) for target in targets}

    async def _sample(self, stage: Stage, target: Target) -> Sample:
        conversations = await target.converse(self._sessions)
        answers, usage = await reply_load(target, stage.cores, _WIDTH, conversations)
        return Sample({"cpu": usage.server_cpu / len(answers) * 1e3, "rate": len(answers) / usage.seconds}, usage)
