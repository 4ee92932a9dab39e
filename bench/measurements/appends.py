"""Messages that are sent with `Prefer: respond-async`: what it takes until one is stored and its reply is under way."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from bench.client import connected
from bench.cpu import Cores, Meter, Usage
from bench.measurement import Metric, Sample, Side
from bench.measurements.replies import require_stored
from bench.stage import FAST, Stage
from bench.targets import Conversation, Target
from bench.wire import Answer, WrongAnswer, request

WIDTH = 32
_EACH = 4
_PATIENCE = 5.0


class Appends:
    """The time to the 202, and the server's CPU for all of it: the reply is made, and stored, behind the answer."""

    name = "appends"
    metrics = (
        Metric("p50", "message to 202, p50", "ms"),
        Metric("p99", "message to 202, p99", "ms"),
        Metric("cpu", "server's CPU, the reply's included", "µs"),
        Metric("rate", "messages with their replies", "/s", "higher"),
    )

    def __init__(self, scale: float) -> None:
        self._sessions = max(2, round(10 * scale)) * WIDTH
        self.title = f"{self._sessions * _EACH:,} messages a round, {WIDTH} at once, answered before their 50-token replies"

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.ours(FAST) as started:
            yield {"ours": partial(sample_appends, stage, started.target, self._sessions)}


async def sample_appends(stage: Stage, target: Target, sessions: int) -> Sample:
    """Return times, rate and CPU of four messages to each of so many new sessions; all their replies are found stored."""
    answers, usage = await appends(target, stage.cores, await target.converse(sessions))
    times, count = sorted(answer.seconds * 1e3 for answer in answers), len(answers)
    return Sample(
        {
            "p50": times[count // 2], "p99": times[count * 99 // 100], "cpu": usage.server_cpu / count * 1e6,
            "rate": count / usage.seconds,
        },
        usage,
    )


async def appends(target: Target, cores: Cores, conversations: Sequence[Conversation]) -> tuple[list[Answer], Usage]:
    """Send four messages to each; return the answers, all checked, and the usage until the last replies are stored."""
    answers: list[Answer] = []
    async with connected(target.port, WIDTH) as lines:
        meter = Meter(target.pid, cores)
        await lines.drive([_turns(conversations[first::WIDTH]) for first in range(WIDTH)], answers.append)
        await _until_stored(target, conversations)
        usage = await meter.stop()
    for answer in answers:
        if answer.json(202)["run"]["status"] not in ("queued", "streaming"):
            raise WrongAnswer(f"The run is not under way: {answer.body[:500]!r}.")
    return answers, usage


def _turns(conversations: Sequence[Conversation]) -> Iterator[bytes]:
    """Yield the messages, a session's next one after all the others': by then its reply has long been made, mostly."""
    for _ in range(_EACH):
        for conversation in conversations:
            yield _ask(conversation)


def _ask(conversation: Conversation) -> bytes:
    body = {"content": "Say fifty words.", "on_active": "enqueue"}
    made = request("POST", f"/v1/sessions/{conversation.session}/messages", body, conversation.token)
    return made.replace(b"\r\n", b"\r\nprefer: respond-async\r\n", 1)


async def _until_stored(target: Target, conversations: Sequence[Conversation]) -> None:
    """Return when the replies are there; the last come shortly after their answers."""
    ends_at = time.perf_counter() + _PATIENCE
    while True:
        try:
            return await require_stored(target, conversations[-WIDTH:], _EACH)
        except WrongAnswer:
            if time.perf_counter() > ends_at:
                raise
            await asyncio.sleep(0.02)
