"""Replies at a model's pace, many at once: what a token costs when tokens come one by one."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from bench.measurement import Metric, Sample, Side
from bench.measurements.replies import reply_load
from bench.stage import PACED, Stage
from bench.targets import Target
from bench.upstream import WORDS

_WIDTH = 200
_SPREAD = 1.0


class Paced:
    """CPU per token of replies of 50 tokens, 20 ms apart."""

    name = "paced"
    metrics = (
        Metric("cpu", "server's CPU per token", "µs", goal=1.5),
        Metric("slowest", "reply's duration, p99 (980 ms is the pace)", "ms"),
    )

    def __init__(self, scale: float) -> None:
        self._each = max(1, round(2 * scale))
        self.title = f"{_WIDTH * self._each} stored replies a round, {_WIDTH} at once, a token every 20 ms"

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.pair(PACED) as targets:
            yield {target.name: partial(self._sample, stage, target) for target in targets}

    async def _sample(self, stage: Stage, target: Target) -> Sample:
        conversations = await target.converse(_WIDTH)
        answers, usage = await reply_load(
            target, stage.cores, _WIDTH, conversations, each=self._each, spread=_SPREAD
        )
        slowest = sorted(answer.seconds for answer in answers)[len(answers) * 99 // 100]
        return Sample({"cpu": usage.server_cpu / (len(answers) * len(WORDS)) * 1e6, "slowest": slowest * 1e3}, usage)
