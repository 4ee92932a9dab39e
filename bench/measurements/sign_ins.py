"""What streams notice of 200 people who sign in at once: the same replies on one server, without them and with them."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from uuid import uuid4

from bench.client import fetch
from bench.measurement import Metric, Sample, Side
from bench.measurements.replies import reply_load
from bench.stage import PACED, Stage
from bench.targets import Target
from bench.wire import WrongAnswer, request

_STREAMS = 50
_SIGN_INS = 200
_ACCOUNTS = 8
_PASSWORD = "correct horse battery"


class SignIns:
    """The slowest of paced replies, of which "reference" has the server to itself."""

    name = "sign-ins"
    metrics = (
        Metric("slowest", "reply's duration, p99 (980 ms is the pace)", "ms", goal=1.2),
        Metric("signed_in", "all are signed in after", "s"),
    )

    def __init__(self, scale: float) -> None:
        self._each, self._sign_ins = max(3, round(8 * scale)), round(_SIGN_INS * min(1.0, max(0.5, scale)))
        self.title = f"{_STREAMS} paced replies at a time, without and with {self._sign_ins} sign-ins at once"

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        async with stage.ours(PACED) as started:
            target = started.target
            requests = await _accounts(target)
            yield {
                "reference": partial(self._sample, stage, target, ()),
                "ours": partial(self._sample, stage, target, requests * (self._sign_ins // _ACCOUNTS)),
            }

    async def _sample(self, stage: Stage, target: Target, sign_ins: Sequence[bytes]) -> Sample:
        conversations = await target.converse(_STREAMS)
        load = reply_load(target, stage.cores, _STREAMS, conversations, each=self._each, spread=1.0)
        (answers, usage), took = await asyncio.gather(load, _sign_in(target, sign_ins))
        durations = sorted(answer.seconds for answer in answers)
        values = {"slowest": durations[len(answers) * 99 // 100] * 1e3}
        return Sample(values if took is None else values | {"signed_in": took}, usage)


async def _accounts(target: Target) -> list[bytes]:
    people = [{"email": f"{uuid4().hex}@example.com", "password": _PASSWORD} for _ in range(_ACCOUNTS)]
    for answer in await fetch(target.port, [request("POST", "/v1/users", {**one, "name": "Bench"}) for one in people]):
        answer.json(201)
    return [request("POST", "/v1/auth/login", one) for one in people]


async def _sign_in(target: Target, requests: Sequence[bytes]) -> float | None:
    if not requests:
        return None
    await asyncio.sleep(1.5)
    began = time.perf_counter()
    statuses = {answer.status for answer in await fetch(target.port, requests, width=len(requests))}
    if statuses != {200}:
        raise WrongAnswer(f"Of those who signed in some were answered {statuses - {200}}.")
    return time.perf_counter() - began
