"""How soon a server serves, and how large it is when nobody asks anything."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import psutil

from bench.measurement import Metric, Sample, Side
from bench.stage import Stage, Started

_IDLE = 0.5


class Start:
    """Start-up and idle memory of one process, over databases that run and with compiled code in place."""

    name = "start"
    title = "one process: exec to the first 200, and its memory half a second later"
    metrics = (
        Metric("seconds", "start-up", "s", limit=1.2),
        Metric("memory", "idle memory (RSS)", "MB", limit=90),
    )

    def __init__(self, scale: float) -> None:
        """A start cannot be shortened."""

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        yield {"reference": partial(self._sample, stage.reference), "ours": partial(self._sample, stage.ours)}

    async def _sample(self, serving: Callable[[], AbstractAsyncContextManager[Started]]) -> Sample:
        async with serving() as started:
            await asyncio.sleep(_IDLE)
            memory = psutil.Process(started.target.pid).memory_info().rss
        return Sample({"seconds": started.seconds, "memory": memory / 1e6})
