"""Whether a long past costs: a session of 50,000 messages beside one of 50, a user of 10,000 sessions beside one of 20."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Final

from bench.client import connected
from bench.cpu import Meter
from bench.histories import multiply, remember
from bench.measurement import Metric, Sample, Side
from bench.stage import FAST, Stage
from bench.targets import Conversation, Ours, Target
from bench.wire import Answer, WrongAnswer, check_reply, request

_LONG, _SHORT, _MANY, _FEW = 50_000, 50, 10_000, 20
_GOAL: Final = 1.2


@dataclass(frozen=True, slots=True)
class Past:
    """A session, the identifier of a message in its middle, and somebody with few or many sessions."""

    of: Conversation
    middle: str
    lister: Conversation

    def asks(self) -> Mapping[str, bytes]:
        """Return the requests by their metrics' keys."""
        page = f"/v1/sessions/{self.of.session}/messages?limit=20"
        return {
            "open": self.of.read, "page": request("GET", page, token=self.of.token),
            "deep": request("GET", f"{page}&after={self.middle}", token=self.of.token),
            "list": request("GET", "/v1/sessions?limit=20", token=self.lister.token), "append": self.of.say,
        }


class History:
    """Times of single requests to one server; "ours" is the long past, "reference" the short one, and they take turns."""

    name = "history"
    title = f"a session of {_LONG:,} messages (ours) beside one of {_SHORT} (reference); lists: {_MANY:,} sessions beside {_FEW}"
    metrics = (
        Metric("open", "GET the session, median", "ms", goal=_GOAL, compared="value"),
        Metric("page", "GET the newest 20 messages, median", "ms", goal=_GOAL, compared="value"),
        Metric("deep", "GET 20 messages in the middle, median", "ms", goal=_GOAL, compared="value"),
        Metric("append", "a message and its whole reply, median", "ms", goal=_GOAL, compared="value"),
        Metric("list", "GET the newest 20 sessions, median", "ms", goal=_GOAL, compared="value"),
    )

    def __init__(self, scale: float) -> None:
        self._reads, self._replies = round(300 * scale), round(40 * scale)

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.ours(FAST, ONELAST_CACHE_LAYERS="none") as started:  # what the database takes is the question
            target = started.target
            if not isinstance(target, Ours):
                raise WrongAnswer("The server is not ours.")
            many, few = await target.converse(2)
            for conversation, count in ((many, _MANY), (few, _FEW)):
                await multiply(stage.dsn, conversation.session, count)
            turn = _Turn(partial(self._both, stage, target, many, few))
            yield {"reference": turn.short, "ours": turn.long}

    async def _both(self, stage: Stage, target: Ours, many: Conversation, few: Conversation) -> tuple[Sample, Sample]:
        """Measure new sessions, as a round's short replies make room in the prompt for more of them in the next."""
        pasts = [await past_of(stage, target, count, lister) for count, lister in ((_LONG, many), (_SHORT, few))]
        asks = [past.asks() for past in pasts]
        values: tuple[dict[str, float], dict[str, float]] = ({}, {})
        meter = Meter(target.pid, stage.cores)
        for key in asks[0]:
            answers = await self._alternate(target, key, asks[0][key], asks[1][key])
            for past in (0, 1):
                values[past][key] = median(answer.seconds for answer in answers[past::2]) * 1e3
        usage = await meter.stop()
        return Sample(values[0], usage), Sample(values[1], usage)

    async def _alternate(self, target: Ours, key: str, *asks: bytes) -> list[Answer]:
        answers: list[Answer] = []
        count = self._replies if key == "append" else self._reads
        async with connected(target.port, 1) as line:
            await line.drive([iter([*asks] * count)], answers.append)
        for answer in answers:
            check_answer(key, answer)
        return answers


async def past_of(stage: Stage, target: Target, count: int, lister: Conversation) -> Past:
    """Return a new session with so many messages."""
    (conversation,) = await target.converse(1)
    ids = await remember(stage.dsn, conversation.session, count)
    return Past(conversation, ids[count // 2], lister)


class _Turn:
    """Measures both in one go when the short past is asked for, and tells of the long one when that is."""

    def __init__(self, measure: Callable[[], Awaitable[tuple[Sample, Sample]]]) -> None:
        self._measure, self._known = measure, Sample({})

    async def short(self) -> Sample:
        self._known, short = await self._measure()
        return short

    async def long(self) -> Sample:
        return self._known


def check_answer(key: str, answer: Answer) -> None:
    """Return if the answer is one to the request of this metric; WrongAnswer."""
    if key == "append":
        check_reply(answer)
    elif key == "open":
        answer.json()
    elif len(answer.json()["data"]) != 20:
        raise WrongAnswer(f"{key} gave {answer.body[:500]!r}.")
