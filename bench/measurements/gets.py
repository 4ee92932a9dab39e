"""A load of GET requests whose answers are looked at one by one."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from bench.client import connected
from bench.cpu import Meter
from bench.measurement import Sample
from bench.stage import Stage
from bench.targets import Target
from bench.wire import Answer, WrongAnswer

WIDTH: Final = 32


@dataclass(frozen=True, slots=True)
class Get:
    """Requests without end, and how long the body of each answer is; `body` is what it is, where it is always the same."""

    asks: Iterator[bytes]
    length: int
    body: bytes | None = None


async def sample_gets(stage: Stage, target: Target, get: Get, seconds: float) -> Sample:
    """Return the rate and the server's CPU of so many seconds; WrongAnswer if any answer is not as it should be."""
    count = 0

    def take(answer: Answer) -> None:
        nonlocal count
        count += 1
        body = answer.raw[answer.body_at :]
        if answer.status != 200 or len(body) != get.length or get.body not in (None, body):
            raise WrongAnswer(f"{target.name} answered {answer.raw[:500]!r}.")

    async with connected(target.port, WIDTH) as lines:
        meter = Meter(target.pid, stage.cores)
        ends_at = time.perf_counter() + seconds
        await lines.drive([takewhile(lambda _: time.perf_counter() < ends_at, get.asks) for _ in range(WIDTH)], take)
        usage = await meter.stop()
    return Sample({"rate": count / usage.seconds, "cpu": usage.server_cpu / count * 1e6}, usage)
