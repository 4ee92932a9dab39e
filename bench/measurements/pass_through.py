"""Chat completions passed through, at a model's pace, many at once: what a token costs from the model to the client."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import repeat
from typing import Final

from msgspec import json

from bench.client import connected
from bench.cpu import Meter
from bench.measurement import Metric, Sample, Side
from bench.stage import PACED, Stage
from bench.targets import Target
from bench.upstream import TEXT, WORDS
from bench.wire import Answer, WrongAnswer, request

_WIDTH: Final = 200
_SPREAD: Final = 1.0
_ASK: Final = {"model": PACED, "stream": True, "messages": [{"role": "user", "content": "Say fifty words."}]}


class PassThrough:
    """CPU per token of completions of 50 tokens, 20 ms apart; the reference hands the upstream's bytes on as they are."""

    name = "pass-through"
    metrics = (
        Metric("cpu", "server's CPU per token", "µs", goal=1.5),
        Metric("slowest", "completion's duration, p99 (980 ms is the pace)", "ms"),
    )

    def __init__(self, scale: float) -> None:
        self._each = max(1, round(2 * scale))
        self.title = f"{_WIDTH * self._each} completions passed through a round, {_WIDTH} at once, a token every 20 ms"

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.pair(PACED) as targets:
            yield {target.name: partial(self._sample, stage, target) for target in targets}

    async def _sample(self, stage: Stage, target: Target) -> Sample:
        # The sessions are not spoken in: they lend their owners' tokens.
        tokens = [conversation.token for conversation in await target.converse(_WIDTH)]
        answers: list[Answer] = []
        async with connected(target.port, _WIDTH) as lines:
            meter = Meter(target.pid, stage.cores)
            work = [repeat(request("POST", "/v1/chat/completions", _ASK, token), self._each) for token in tokens]
            await lines.drive(work, answers.append, spread=_SPREAD)
            usage = await meter.stop()
        for answer in answers:
            check_completion(answer)
        slowest = sorted(answer.seconds for answer in answers)[len(answers) * 99 // 100]
        return Sample({"cpu": usage.server_cpu / (len(answers) * len(WORDS)) * 1e6, "slowest": slowest * 1e3}, usage)


def check_completion(answer: Answer) -> None:
    """Return if the stream brought all fifty words and then its end; WrongAnswer if it did not."""
    if answer.status != 200:
        raise WrongAnswer(f"{answer.status} instead of a stream: {answer.body[:500]!r}")
    *events, last, rest = answer.body.split(b"\n\n")
    choices = [choice for event in events for choice in json.decode(event.removeprefix(b"data: "))["choices"]]
    text = "".join(choice["delta"].get("content", "") for choice in choices)
    if (text, last, rest) != (TEXT, b"data: [DONE]", b""):
        raise WrongAnswer(f"The completion is {text!r}, its end {answer.body[-500:]!r}.")
