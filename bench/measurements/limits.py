"""What the sign-in check and all limits together cost a request: the node's own parts, over a real Valkey and Postgres."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

from application.limits.admit_request import AdmitRequest, AdmitRequestCommand
from application.users.authenticate import Authenticate, AuthenticateCommand
from bench.measurement import Metric, Sample, Side
from bench.stage import FAST, Stage
from domain.users.plan import Plan
from entrypoints.ioc.container import build_container
from entrypoints.settings import Settings

_WIDTH = 32


class LimitsCost:
    """CPU of this process for each request, beside one that does neither."""

    name = "limits"
    title = f"sign-in check and all limits of a request, {_WIDTH} at once, in one process over Valkey"
    metrics = (Metric("cpu", "CPU per request", "µs", limit=250, compared="value"),)

    def __init__(self, scale: float) -> None:
        self._each = max(20, round(300 * scale))

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        settings = Settings(
            catalog_dsn=stage.dsn, redis_url=stage.valkey_url, upstream_url=(f"http://127.0.0.1:{stage.upstream_port}/v1",),
            signup_plan=Plan.ENTERPRISE,
        )
        container = build_container(settings)
        try:
            async with stage.ours(FAST) as started:
                (conversation,) = await started.target.converse(1)
                authenticate, admit = await container.get(Authenticate), await container.get(AdmitRequest)
                assert conversation.token is not None
                yield {
                    "reference": partial(self._sample, _nothing),
                    "ours": partial(self._sample, partial(_checked, authenticate, admit, conversation.token)),
                }
        finally:
            await container.close()

    async def _sample(self, work: Callable[[], Awaitable[None]]) -> Sample:
        async def repeat() -> None:
            for _ in range(self._each):
                await work()

        began = time.process_time()
        await asyncio.gather(*[repeat() for _ in range(_WIDTH)])
        return Sample({"cpu": 1e6 * (time.process_time() - began) / (_WIDTH * self._each)})


async def _nothing() -> None:
    """What a request does that is neither checked nor limited."""
    await asyncio.sleep(0)


async def _checked(authenticate: Authenticate, admit: AdmitRequest, token: str) -> None:
    actor = await authenticate.execute(AuthenticateCommand(token))
    admitted = await admit.execute(AdmitRequestCommand(actor))
    assert admitted.refusal is None
