"""The time that a server adds before the first token, one reply at a time."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import repeat

from bench.client import connected
from bench.cpu import Meter
from bench.measurement import Metric, Sample, Side
from bench.measurements.replies import TURNS, require_stored, turns
from bench.stage import FAST, Stage
from bench.targets import Target
from bench.wire import Answer, WrongAnswer, check_reply, request

_ASK = {"model": FAST, "stream": True, "messages": [{"role": "user", "content": "Say fifty words."}]}


class FirstToken:
    """Time from the request to the first piece of text, less the median of the upstream called directly just before."""

    name = "first-token"
    metrics = (
        Metric("p50", "added to the first token, p50", "ms", goal=2.0, limit=1.5),
        Metric("p99", "added to the first token, p99", "ms"),
    )

    def __init__(self, scale: float) -> None:
        self._sessions = round(75 * scale)
        self.title = f"{self._sessions * TURNS} replies a round, one at a time, over the upstream called directly"

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.pair(FAST) as targets:
            yield {target.name: partial(self._sample, stage, target) for target in targets}

    async def _sample(self, stage: Stage, target: Target) -> Sample:
        conversations = await target.converse(self._sessions)
        asks = repeat(request("POST", "/v1/chat/completions", _ASK), self._sessions * TURNS)
        direct = _firsts(await _one_by_one(stage.upstream_port, asks, b'"content"'))
        meter = Meter(target.pid, stage.cores)
        answers = await _one_by_one(target.port, turns(conversations), b"event: message.delta")
        usage = await meter.stop()
        for answer in answers:
            check_reply(answer)
        await require_stored(target, conversations, TURNS)
        added = [seconds - direct[len(direct) // 2] for seconds in _firsts(answers)]
        return Sample({"p50": added[len(added) // 2] * 1e3, "p99": added[len(added) * 99 // 100] * 1e3}, usage)


async def _one_by_one(port: int, requests: Iterator[bytes], mark: bytes) -> list[Answer]:
    answers: list[Answer] = []
    async with connected(port, 1) as line:
        await line.drive([requests], answers.append, mark=mark)
    return answers


def _firsts(answers: list[Answer]) -> list[float]:
    found = sorted(answer.first_seconds for answer in answers if answer.first_seconds is not None)
    if len(found) != len(answers):
        raise WrongAnswer(f"{len(answers) - len(found)} of {len(answers)} answers had no first token.")
    return found
