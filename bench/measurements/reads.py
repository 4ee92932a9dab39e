"""Reads of one session of 50 messages, 32 at once."""

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from bench.client import connected, fetch
from bench.cpu import Meter
from bench.measurement import Metric, Sample, Side
from bench.measurements.replies import reply_load
from bench.stage import FAST, Stage
from bench.targets import Conversation, Target
from bench.wire import Answer, WrongAnswer

_WIDTH = 32
_MESSAGES = 50
Check = Callable[[Any], bool]


class Reads:
    """Rate and CPU of one GET; every answer must be, byte for byte, the one that was looked at before the load."""

    metrics = (
        Metric("rate", "requests", "/s", "higher", goal=0.5),
        Metric("cpu", "server's CPU per request", "µs"),
    )

    def __init__(self, name: str, what: str, ask: Callable[[Conversation], bytes], check: Check, seconds: float) -> None:
        self.name, self._ask, self._check, self._seconds = name, ask, check, seconds
        self.title = f"GET {what} of {_MESSAGES} messages, {_WIDTH} at once"

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.pair(FAST) as targets:
            yield {target.name: partial(self._sample, stage, target, await self._prepared(stage, target)) for target in targets}

    async def _prepared(self, stage: Stage, target: Target) -> bytes:
        conversations = await target.converse(1)
        await reply_load(target, stage.cores, 1, conversations, each=_MESSAGES // 2)
        return self._ask(conversations[0])

    async def _sample(self, stage: Stage, target: Target, ask: bytes) -> Sample:
        (known,) = await fetch(target.port, [ask])
        if not self._check(known.json()):
            raise WrongAnswer(f"{target.name} answered {known.body[:500]!r}.")
        expected, count = known.raw[known.body_at :], 0

        def take(answer: Answer) -> None:
            nonlocal count
            count += 1
            if answer.status != 200 or answer.raw[answer.body_at :] != expected:
                raise WrongAnswer(f"{target.name} answered {answer.raw[:500]!r}.")

        async with connected(target.port, _WIDTH) as lines:
            meter = Meter(target.pid, stage.cores)
            ends_at = time.perf_counter() + self._seconds
            await lines.drive([_until(ends_at, ask) for _ in range(_WIDTH)], take)
            usage = await meter.stop()
        return Sample({"rate": count / usage.seconds, "cpu": usage.server_cpu / count * 1e6}, usage)


def session_reads(scale: float) -> Reads:
    """Return the measurement of GET /v1/sessions/{id}."""
    return Reads("reads-session", "/v1/sessions/{id}", lambda each: each.read, _is_whole_session, 1.2 * scale)


def page_reads(scale: float) -> Reads:
    """Return the measurement of GET /v1/sessions/{id}/messages."""
    return Reads("reads-page", "/v1/sessions/{id}/messages?limit=50", lambda each: each.page, _is_whole_page, 1.2 * scale)


def _is_whole_session(body: Any) -> bool:
    return bool(body["head_seq"] == _MESSAGES)


def _is_whole_page(body: Any) -> bool:
    return [message["seq"] for message in body["data"]] == list(range(_MESSAGES, 0, -1)) and not body["has_more"]


def _until(ends_at: float, ask: bytes) -> Iterator[bytes]:
    while time.perf_counter() < ends_at:
        yield ask
