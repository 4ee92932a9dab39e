"""A server with many open streams on which nothing is said: their weight, their cost, and its answers to others meanwhile."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import psutil

from bench.client import fetch
from bench.cpu import Meter
from bench.measurement import Metric, Sample
from bench.measurements.idle_streams import Stream, end_streams, weigh_streams
from bench.stage import Stage, Started
from bench.wire import WrongAnswer

Serving = Callable[[], AbstractAsyncContextManager[Started]]
METRICS = (
    Metric("idle", "memory before (RSS)", "MB"),
    Metric("weight", "memory per stream with its run (RSS)", "KB"),
    Metric("cpu", "CPU while nothing is said", "ms/s"),
    Metric("p50", "a new connection's GET meanwhile, p50", "ms"),
    Metric("p99", "a new connection's GET meanwhile, p99", "ms"),
    Metric("lost", "of those not answered within 2 s", "%"),
)
_SETTLE, _QUIET_SECONDS, _ASKED, _PATIENCE = 0.5, 3.0, 200, 2.0


async def sample_open_streams(stage: Stage, serving: Serving, count: int) -> Sample:
    """Return the figures of METRICS for a server that has just started and holds so many streams."""
    async with serving() as started:
        target = started.target
        *spoken, other = await target.converse(count + 1)
        await asyncio.sleep(_SETTLE)
        idle, held = psutil.Process(target.pid).memory_info().rss, list[Stream]()
        try:
            weight = await weigh_streams(target, [(each, each.say) for each in spoken], held)
            meter = Meter(target.pid, stage.cores)
            await asyncio.sleep(_QUIET_SECONDS)
            usage = await meter.stop()
            times = sorted([await _asked(target.port, other.read) for _ in range(_ASKED)])
            await end_streams(target, held, ())
        finally:
            for _, viewer in held:
                viewer.close()
    lost = sum(seconds >= _PATIENCE for seconds in times) / _ASKED
    return Sample({
        "idle": idle / 1e6, "weight": weight, "cpu": usage.server_cpu / usage.seconds * 1e3, "p50": times[_ASKED // 2] * 1e3,
        "p99": times[_ASKED * 99 // 100] * 1e3, "lost": 100 * lost,
    })


async def _asked(port: int, ask: bytes) -> float:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(_PATIENCE):
            (answer,) = await fetch(port, [ask])
    except TimeoutError:
        return _PATIENCE
    if answer.status != 200:
        raise WrongAnswer(f"{answer.status}: {answer.body[:500]!r}")
    return time.perf_counter() - began
