"""Reads of sessions and messages from Postgres with cold caches, 32 at once."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import cycle
from typing import Any

from bench.client import fetch
from bench.histories import multiply
from bench.measurement import Metric, Side
from bench.measurements.gets import WIDTH, Get, sample_gets
from bench.measurements.replies import reply_load
from bench.stage import FAST, Stage
from bench.targets import Conversation, Ours, Target
from bench.wire import WrongAnswer, request

_MESSAGES = 52
_SHOWN = 50
# For each second of a round: more than are read before the first of them has left the caches.
_SESSIONS_PER_SECOND = 170_000


Asks = Callable[[Stage, Target, Conversation], Awaitable[Sequence[bytes]]]


class Reads:
    """Rate and CPU of one GET that finds nothing in a cache; callers are known (their tokens are cached, as always)."""

    metrics = (
        Metric("rate", "requests", "/s", "higher", goal=0.5),
        Metric("cpu", "server's CPU per request", "µs"),
    )

    def __init__(
        self, name: str, what: str, asks: Asks, check: Callable[[Any], bool], seconds: float, *, layers: str = "process,redis"
    ) -> None:
        self.name, self._asks, self._check, self._seconds, self._layers = name, asks, check, seconds, layers
        self.title = f"GET {what} from Postgres, {WIDTH} at once, layers {layers}"

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.pair(FAST, ONELAST_CACHE_LAYERS=self._layers) as targets:
            yield {
                target.name: partial(sample_gets, stage, target, await self._prepared(stage, target), self._seconds)
                for target in targets
            }

    async def _prepared(self, stage: Stage, target: Target) -> Get:
        (conversation,) = await target.converse(1)
        await reply_load(target, stage.cores, 1, [conversation], each=_MESSAGES // 2)
        asks = await self._asks(stage, target, conversation)
        (known,) = await fetch(target.port, [asks[-1]])
        if not self._check(known.json()):
            raise WrongAnswer(f"{target.name} answered {known.body[:500]!r}.")
        return Get(cycle(asks), len(known.raw) - known.body_at)


async def _sessions(seconds: float, stage: Stage, target: Target, conversation: Conversation) -> Sequence[bytes]:
    """Return a request for each of very many sessions; the reference, which has no cache, is asked for the same one."""
    if not isinstance(target, Ours):
        return [conversation.read]
    ids = await multiply(stage.dsn, conversation.session, round(_SESSIONS_PER_SECOND * seconds))
    return [request("GET", f"/v1/sessions/{each}", token=conversation.token) for each in ids]


async def _pages(_: Stage, target: Target, conversation: Conversation) -> Sequence[bytes]:
    """Return the request for the messages before the last but one, which no cache keeps."""
    path, after = f"/v1/sessions/{conversation.session}/messages?limit={_SHOWN}", str(_SHOWN + 1)
    if isinstance(target, Ours):
        (newest,) = await fetch(target.port, [request("GET", f"{path}", token=conversation.token)])
        after = next(message["id"] for message in newest.json()["data"] if message["seq"] == _SHOWN + 1)
    return [request("GET", f"{path}&after={after}", token=conversation.token)]


def session_reads(scale: float) -> Reads:
    """Return the measurement of GET /v1/sessions/{id}, each of them filled into the layer that nodes share."""
    seconds = 1.2 * scale
    return Reads("reads-session", "/v1/sessions/{id}", partial(_sessions, seconds), _is_whole_session, seconds)


def session_reads_alone(scale: float) -> Reads:
    """Return the measurement of GET /v1/sessions/{id} by a node that shares no layer."""
    seconds = 1.2 * scale
    return Reads("reads-alone", "/v1/sessions/{id}", partial(_sessions, seconds), _is_whole_session, seconds, layers="process")


def page_reads(scale: float) -> Reads:
    """Return the measurement of GET /v1/sessions/{id}/messages."""
    what = f"/v1/sessions/{{id}}/messages?limit={_SHOWN}&after={{id}}"
    return Reads("reads-page", what, _pages, _is_whole_page, 1.2 * scale)


def _is_whole_session(body: Any) -> bool:
    return bool(body["head_seq"] == _MESSAGES)


def _is_whole_page(body: Any) -> bool:
    return [message["seq"] for message in body["data"]] == list(range(_SHOWN, 0, -1)) and not body["has_more"]
