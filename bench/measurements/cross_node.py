"""How soon a word that one node makes is seen by a viewer on another node."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from msgspec import json

from adapters.redis.resp import connect
from bench.cpu import Meter
from bench.measurement import Metric, Sample, Side
from bench.stage import STAMPED, Stage
from bench.targets import Conversation, Target
from bench.upstream import WORDS
from bench.viewer import Arrival, Viewer, together
from bench.wire import WrongAnswer

_WIDTH = 20
_APART = 0.021  # A millisecond more than the pace, so that words of different runs come at different times.
_PATIENCE = 5.0
_CHANNEL = "bench"
_EVENTS = 1000
Times = list[float]


class CrossNode:
    """Two nodes over the same databases; each word tells when the model sent it, and all clocks are one.

    What a farther viewer is told on joining, of the time before, does not count. The reference is Valkey's PUBLISH over two bare
    connections, a thousand times a second.
    """

    name = "cross-node"
    metrics = (
        Metric("p50", "model to viewer elsewhere, p50", "ms", limit=1.0),
        Metric("p99", "model to viewer elsewhere, p99", "ms", limit=10.0),
        Metric("here_p50", "model to viewer on the same node, p50", "ms"),
        Metric("here_p99", "model to viewer on the same node, p99", "ms"),
        Metric("apart_p50", "from viewer here to viewer elsewhere, p50", "ms", limit=1.0),
        Metric("apart_p99", "from viewer here to viewer elsewhere, p99", "ms", limit=10.0),
    )

    def __init__(self, scale: float) -> None:
        self._each = max(1, round(2 * scale))
        self.title = f"{_WIDTH * self._each} replies a round, {_WIDTH} at once, a word every 20 ms; reference: PUBLISH to message"

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.ours(STAMPED) as elsewhere, stage.ours(STAMPED) as here:
            yield {
                "reference": partial(_published, stage.valkey_url),
                "ours": partial(self._sample, stage, here.target, elsewhere.target),
            }

    async def _sample(self, stage: Stage, here: Target, elsewhere: Target) -> Sample:
        conversations = await here.converse(_WIDTH * self._each)
        meter = Meter(here.pid, stage.cores, elsewhere.pid)
        lanes = await together(
            _lane(here, elsewhere, conversations[number::_WIDTH], number * _APART) for number in range(_WIDTH)
        )
        usage = await meter.stop()
        live = [pair for lane in lanes for watched in lane for pair in _live(*watched)]
        return Sample(
            _quantiles("", [delay for _, far in live for delay in _delays(far)])
            | _quantiles("here_", [delay for near, _ in live for delay in _delays(near)])
            | _quantiles("apart_", [far.at - near.at for near, far in live]),
            usage,
        )


async def _lane(
    here: Target, elsewhere: Target, conversations: Sequence[Conversation], wait: float
) -> list[tuple[Sequence[Arrival], Sequence[Arrival]]]:
    await asyncio.sleep(wait)
    return [await _watched(here, elsewhere, conversation) for conversation in conversations]


async def _watched(
    here: Target, elsewhere: Target, conversation: Conversation
) -> tuple[Sequence[Arrival], Sequence[Arrival]]:
    """Return what the viewers on both nodes are told of one reply."""
    near = await Viewer.open(here.port, conversation.say, b"event: run.created")
    far = await Viewer.open(elsewhere.port, conversation.follow(near.run), b"event: run.created")
    await asyncio.gather(near.ended, far.ended)
    near.close()
    far.close()
    return near.arrivals(), far.arrivals()


def _live(near: Sequence[Arrival], far: Sequence[Arrival]) -> Iterator[tuple[Arrival, Arrival]]:
    """Yield each event as it came to both, but for those that the farther viewer was told on joining."""
    if [(event.seq, event.data) for event in near] != [(event.seq, event.data) for event in far]:
        raise WrongAnswer(f"One viewer was told {near}, the other {far}.")
    if sum(len(_delays(event)) for event in near) != len(WORDS) or near[-1].kind != "end":
        raise WrongAnswer(f"The reply is not whole: {near}.")
    return ((one, other) for one, other in zip(near, far, strict=True) if other.at > far[0].at)


def _delays(event: Arrival) -> Times:
    """Return the seconds since each word of the event was sent."""
    if event.kind != "message.delta":
        return []
    return [event.at - int(stamp) / 1e9 for stamp in json.decode(event.data)["text"].split()]


async def _published(url: str) -> Sample:
    times: Times = []
    subscribed = asyncio.Event()

    def heard(reply: Any) -> None:
        if reply[0] == b"message":
            times.append((time.perf_counter_ns() - int(reply[2])) / 1e9)
        subscribed.set()

    listener = await connect(url, heard, lambda: None, patience=_PATIENCE)
    speaker = await connect(url, lambda _: None, lambda: None, patience=_PATIENCE)
    listener.send(("SUBSCRIBE", _CHANNEL))
    await subscribed.wait()
    for _ in range(_EVENTS):
        speaker.send(("PUBLISH", _CHANNEL, time.perf_counter_ns()))
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.1)
    listener.abort()
    speaker.abort()
    if len(times) != _EVENTS:
        raise WrongAnswer(f"{len(times)} of {_EVENTS} messages were heard.")
    return Sample(_quantiles("", times))


def _quantiles(prefix: str, times: Times) -> dict[str, float]:
    times = sorted(times)
    return {f"{prefix}p50": times[len(times) // 2] * 1e3, f"{prefix}p99": times[len(times) * 99 // 100] * 1e3}
