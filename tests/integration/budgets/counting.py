"""Which statements a request costs: read from the node's own measurements."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final

from adapters.system.task_dispatcher import TaskRunDispatcher
from adapters.telemetry.queries import QueryTimes
from tests.integration.budgets.budget import Asked
from tests.support.api import Caller
from tests.support.application import Application

# What a node does every half second, whoever asks for whatever.
_BACKGROUND: Final = {
    "nodes.renew", "nodes.sweep", "runs.claim", "runs.reclaim", "shard_maps.read_version", "shard_maps.find_newest",
    "servers.read_limits",
}


class Node:
    """A running application whose statements are counted."""

    def __init__(self, application: Application, times: QueryTimes, tasks: TaskRunDispatcher) -> None:
        self.application, self._times, self._tasks = application, times, tasks

    @classmethod
    async def of(cls, application: Application) -> "Node":
        """Return the application with its counters."""
        return cls(application, await application.container.get(QueryTimes), await application.container.get(TaskRunDispatcher))

    def as_seen_by(self, caller: Caller) -> Caller:
        """Return the same user's client for this node."""
        return Caller(self.application.api.http, caller.signed_up, caller.email)

    async def costs(self, method: str, caller: Caller, asked: Asked, headers: Mapping[str, str] | None = None) -> list[str]:
        """Return the names of the statements of a request and of the reply that it sets off, having seen that it succeeds."""
        before, making = self._counts(), set(self._tasks.making)
        answer = await self.as_seen_by(caller).request(method, asked.path, json=asked.body, headers=dict(headers or {}))
        assert answer.status_code < 400, answer.text
        async with asyncio.timeout(30):
            while set(self._tasks.making) - making:  # noqa: ASYNC110  (nobody tells us)
                await asyncio.sleep(0.01)
        return sorted((self._counts() - before).elements())

    def _counts(self) -> Counter[str]:
        samples = (sample for metric in self._times.histogram.collect() for sample in metric.samples)
        return Counter({
            sample.labels["query"]: int(sample.value) for sample in samples
            if sample.name.endswith("_count") and sample.labels["query"] not in _BACKGROUND
        })
