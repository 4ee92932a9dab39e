"""Reads that caches answer, with a bearer token, beside a bare handler that has the same bytes in its memory; 32 at once."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import repeat

from bench.client import fetch
from bench.measurement import Metric, Sample, Side
from bench.measurements.gets import WIDTH, Get, sample_gets
from bench.measurements.replies import reply_load
from bench.stage import FAST, Stage
from bench.targets import Conversation, Target
from bench.wire import Answer, request

_MESSAGES = 50
_COUNTED = re.compile(rb'onelast_cache_operations_total\{layer="(\w+)",outcome="(hit|miss)"\} ([\d.e+]+)')
_MEMORY = b"GET /memory HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\n\r\n"


class Cached:
    """Rate and CPU of one GET, 10,000 a second of it is the goal where the process remembers it; and each layer's hits."""

    def __init__(
        self, name: str, what: str, ask: Callable[[Conversation], bytes], seconds: float, *, layers: str = "process,redis"
    ) -> None:
        self.name, self._ask, self._seconds, self._layers = name, ask, seconds, layers.split(",")
        self.title = f"GET {what} of {_MESSAGES} messages from cache, {WIDTH} at once, layers {layers}"
        remembers = "process" in self._layers
        self.metrics = (
            Metric("rate", "requests", "/s", "higher", limit=10_000 if remembers else None),
            Metric("cpu", "server's CPU per request", "µs", goal=3.0 if remembers else None),
            *(Metric(layer, f"hits in the layer {layer}", "%", "higher") for layer in self._layers),
        )

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.pair(FAST, ONELAST_CACHE_LAYERS=",".join(self._layers)) as (bare, ours):
            (conversation,) = await ours.converse(1)
            await reply_load(ours, stage.cores, 1, [conversation], each=_MESSAGES // 2)
            ask = self._ask(conversation)
            (known,) = await fetch(ours.port, [ask])
            await fetch(bare.port, [_put(known)])
            yield {
                bare.name: partial(
                    sample_gets, stage, bare, Get(repeat(_MEMORY), len(known.body), known.body), self._seconds
                ),
                ours.name: partial(self._sample, stage, ours, Get(repeat(ask), len(known.body), known.body)),
            }

    async def _sample(self, stage: Stage, target: Target, get: Get) -> Sample:
        before = await _counted(target)
        sample = await sample_gets(stage, target, get, self._seconds)
        after = await _counted(target)
        asked = {key: after[key] - before[key] for key in after}
        hits = {layer: 100 * asked[layer, "hit"] / max(1, asked[layer, "hit"] + asked[layer, "miss"]) for layer in self._layers}
        return Sample({**sample.values, **hits}, sample.usage)


def cached_session(scale: float) -> Cached:
    """Return the measurement of GET /v1/sessions/{id}."""
    return Cached("cached-session", "/v1/sessions/{id}", lambda each: each.read, 1.2 * scale)


def cached_page(scale: float) -> Cached:
    """Return the measurement of GET /v1/sessions/{id}/messages."""
    return Cached("cached-page", "/v1/sessions/{id}/messages?limit=50", lambda each: each.page, 1.2 * scale)


def cached_page_shared(scale: float) -> Cached:
    """Return the measurement of GET /v1/sessions/{id}/messages by a node that remembers nothing itself."""
    what = "/v1/sessions/{id}/messages?limit=50"
    return Cached("cached-shared", what, lambda each: each.page, 1.2 * scale, layers="redis")


async def _counted(target: Target) -> dict[tuple[str, str], float]:
    """Return how often each layer had what was asked of it, and had not."""
    (answer,) = await fetch(target.port, [request("GET", "/metrics")])
    return {(layer.decode(), outcome.decode()): float(number) for layer, outcome, number in _COUNTED.findall(answer.body)}


def _put(answer: Answer) -> bytes:
    head = f"POST /memory HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(answer.body)}\r\n\r\n"
    return head.encode() + answer.body
