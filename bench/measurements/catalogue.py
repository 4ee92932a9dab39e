"""The catalogue, asked for by somebody who has it: a 304, beside a bare handler that compares the tag; 32 at once."""

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from bench.client import connected, fetch
from bench.cpu import Meter
from bench.measurement import Metric, Sample, Side
from bench.reference import TAG
from bench.stage import FAST, Stage
from bench.targets import Target
from bench.wire import Answer, WrongAnswer, request

_WIDTH = 32


class Catalogue304:
    """Rate and CPU of a 304; every answer must be one, and bear the tag that was sent."""

    name = "catalogue-304"
    title = f"GET /v1/agents with If-None-Match: 304, {_WIDTH} at once"
    metrics = (
        Metric("rate", "requests", "/s", "higher"),
        Metric("cpu", "server's CPU per request", "µs", goal=3.0),
    )

    def __init__(self, scale: float) -> None:
        self._seconds = 1.2 * scale

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.pair(FAST) as (bare, ours):
            (known,) = await fetch(ours.port, [request("GET", "/v1/agents")])
            if not known.json()["data"]:
                raise WrongAnswer("The catalogue is empty.")
            asks = {bare: _asking("/unchanged", TAG), ours: _asking("/v1/agents", _tag_of(known))}
            yield {target.name: partial(self._sample, stage, target, ask) for target, ask in asks.items()}

    async def _sample(self, stage: Stage, target: Target, ask: bytes) -> Sample:
        tag, count = ask.rpartition(b"if-none-match: ")[2].strip(), 0

        def take(answer: Answer) -> None:
            nonlocal count
            count += 1
            if answer.status != 304 or tag not in answer.raw:
                raise WrongAnswer(f"{target.name} answered {answer.raw[:500]!r}.")

        async with connected(target.port, _WIDTH) as lines:
            meter = Meter(target.pid, stage.cores)
            ends_at = time.perf_counter() + self._seconds
            await lines.drive([_until(ends_at, ask) for _ in range(_WIDTH)], take)
            usage = await meter.stop()
        return Sample({"rate": count / usage.seconds, "cpu": usage.server_cpu / count * 1e6}, usage)


def _asking(path: str, tag: bytes) -> bytes:
    return request("GET", path).removesuffix(b"\r\n") + b"if-none-match: " + tag + b"\r\n\r\n"


def _tag_of(answer: Answer) -> bytes:
    head = answer.raw[: answer.body_at]
    return head.partition(b"\r\netag: ")[2].partition(b"\r\n")[0]


def _until(ends_at: float, ask: bytes) -> Iterator[bytes]:
    while time.perf_counter() < ends_at:
        yield ask
