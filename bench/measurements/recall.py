"""How long a write waits until no node answers with what it has changed: an invalidation of what others have copies of."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from statistics import median, quantiles

from adapters.caching.process_layer import ProcessLayer
from adapters.redis.cache import RedisCache
from adapters.redis.pipe import Pipe
from application.ports.cache import Cache, Lease, Lifetime
from bench.measurement import Metric, Sample, Side
from bench.stage import Stage
from bench.wire import WrongAnswer

_NODES = 3
_PREFIX = "bench:recall:"
_MINUTE = Lifetime(60.0)


class Recall:
    """Times of invalidations by one of three nodes that all have a copy, beside a bare UNLINK; the nodes share a process."""

    name = "recall"
    title = f"an invalidation until {_NODES} nodes have forgotten, beside UNLINK"
    metrics = (
        Metric("p50", "until all have forgotten, p50", "ms"),
        Metric("p99", "until all have forgotten, p99", "ms", limit=100),
    )

    def __init__(self, scale: float) -> None:
        self._times = round(500 * scale)

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        pipe = Pipe(stage.valkey_url)
        try:
            async with nodes_with_copies(stage.valkey_url, _NODES) as layers:
                yield {
                    "reference": partial(self._unlinks, pipe), "ours": partial(sample_recalls, layers, self._times),
                }
        finally:
            await pipe.close()

    async def _unlinks(self, pipe: Pipe) -> Sample:
        taken = []
        for number in range(self._times):
            await pipe.ask(("SET", f"{_PREFIX}{number}", "x"))
            began = time.perf_counter()
            await pipe.ask(("UNLINK", f"{_PREFIX}{number}"))
            taken.append(time.perf_counter() - began)
        return _sample(taken)


@asynccontextmanager
async def nodes_with_copies(url: str, count: int) -> AsyncIterator[Sequence[Cache]]:
    """Give so many nodes' layers of copies over one Valkey."""
    async with AsyncExitStack() as opened:
        layers: list[Cache] = []
        for _ in range(count):
            cache = RedisCache(url, prefix=_PREFIX)
            opened.push_async_callback(cache.close)
            layers.append(ProcessLayer(cache))
        yield layers


async def sample_recalls(layers: Sequence[Cache], times: int) -> Sample:
    """Return how long invalidations of what all nodes have copies of take."""
    taken = []
    for number in range(times):
        key = f"{number}:{time.monotonic_ns()}"
        await _copied(layers, key)
        began = time.perf_counter()
        await layers[0].invalidate([key])
        taken.append(time.perf_counter() - began)
        if any(layer.peek(key) is not None for layer in layers):
            raise WrongAnswer("A node answers with what was invalidated.")
    return _sample(taken)


async def _copied(layers: Sequence[Cache], key: str) -> None:
    """Have every node remember a value, once it hears what the others invalidate."""
    while any(layer.peek(key) is None for layer in layers):
        for layer in layers:
            found = await layer.read(key)
            if isinstance(found, Lease):
                await layer.fill(key, found.token, b"x" * 1_000, _MINUTE)


def _sample(taken: list[float]) -> Sample:
    return Sample({"p50": median(taken) * 1e3, "p99": quantiles(taken, n=100)[98] * 1e3})
