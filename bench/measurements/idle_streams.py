"""What open streams weigh in the server's memory while nothing is said on them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

import psutil

from bench.client import fetch
from bench.measurement import Metric, Sample, Side
from bench.stage import STALLED, Stage
from bench.targets import Conversation, Target
from bench.upstream import FAULT_AT, LONG_WORDS
from bench.viewer import Viewer, together
from bench.wire import WrongAnswer

_MARK = LONG_WORDS[FAULT_AT - 1].encode()
_WIDTH = 32
_SETTLE = 0.5
Stream = tuple[Conversation, Viewer]


class IdleStreams:
    """Growth of the server's RSS by streams whose model has fallen silent, each with its run and its connection to the model.

    Then more viewers join one of the runs. Each round opens more, and none is closed before the last round is over: what a closed
    one leaves would be used again by the next.
    """

    name = "idle-streams"
    metrics = (
        Metric("stream", "a silent stream with its run (RSS)", "KB"),
        Metric("viewer", "one more viewer of a run (RSS)", "KB", limit=30.0),
    )

    def __init__(self, scale: float) -> None:
        self._streams, self._viewers = round(400 * scale), round(400 * scale)
        self.title = f"{self._streams} silent streams and {self._viewers} more viewers of one of them, again each round"

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.reference(STALLED, patience=0.5) as bare, stage.ours(STALLED) as ours:
            theirs, streams, viewers = list[Stream](), list[Stream](), list[Stream]()
            try:
                yield {
                    "reference": partial(self._reference, bare.target, theirs),
                    "ours": partial(self._ours, ours.target, streams, viewers),
                }
                await end_streams(ours.target, streams, viewers)
            finally:
                for _, viewer in (*theirs, *streams, *viewers):
                    viewer.close()

    async def _reference(self, target: Target, held: list[Stream]) -> Sample:
        return Sample({"stream": await self._stream_weight(target, held)})

    async def _ours(self, target: Target, streams: list[Stream], viewers: list[Stream]) -> Sample:
        stream = await self._stream_weight(target, streams)
        conversation, watched = streams[0]
        more = [(conversation, conversation.follow(watched.run))] * self._viewers
        return Sample({"stream": stream, "viewer": await weigh_streams(target, more, viewers)})

    async def _stream_weight(self, target: Target, held: list[Stream]) -> float:
        return await weigh_streams(target, [(each, each.say) for each in await target.converse(self._streams)], held)


async def weigh_streams(target: Target, asked: Sequence[tuple[Conversation, bytes]], held: list[Stream]) -> float:
    """Open these streams, keep them with those that are held, and return the growth of the server by each, in kilobytes."""
    server = psutil.Process(target.pid)
    before = server.memory_info().rss
    turns = asyncio.Semaphore(_WIDTH)

    async def open_one(conversation: Conversation, ask: bytes) -> None:
        async with turns:
            held.append((conversation, await Viewer.open(target.port, ask, _MARK)))

    await together(open_one(*each) for each in asked)
    await asyncio.sleep(_SETTLE)
    return (server.memory_info().rss - before) / len(asked) / 1e3


async def end_streams(target: Target, streams: Sequence[Stream], viewers: Sequence[Stream]) -> None:
    """Cancel the runs, which another node would take over otherwise; WrongAnswer if a viewer is not told how they ended."""
    await fetch(target.port, [conversation.cancel(viewer.run) for conversation, viewer in streams])
    await together(viewer.ended for _, viewer in (*streams, *viewers))
    ends = {viewer.arrivals()[-1].data[-25:] for _, viewer in (*streams, *viewers)}
    if not all(b'"cancelled"' in end for end in ends):
        raise WrongAnswer(f"Not all streams were told that they are cancelled: {ends}.")
