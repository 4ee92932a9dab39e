"""The models that a server lists, remembered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

from application.ports.chat_model import ModelFailed, ModelInfo

_PATIENCE_WITH_A_FAILED: Final = 0.25
Fetch = Callable[[], Awaitable[Mapping[str, ModelInfo]]]


class ModelList:
    """One request for everybody who asks at the same time; a list once known is kept while the server fails.

    A list older than `lifetime` seconds is given out as it is while a new one is fetched. `retry` seconds lie between two
    requests at least: a failure is remembered for that long, and so is that a name is missing. After a failure nobody waits
    longer than a moment for the next answer, since another provider may have the model.
    """

    def __init__(self, fetch: Fetch, *, lifetime: float, retry: float) -> None:
        self._fetch, self._lifetime, self._retry = fetch, lifetime, retry
        self._known: Mapping[str, ModelInfo] | None = None
        self._failure: ModelFailed | None = None
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def get(self) -> Mapping[str, ModelInfo]:
        """Return the models by name, in the server's order; ModelFailed if they were never known and cannot be asked for."""
        if self._known is None:
            await self._ask(at_least_after=self._retry)
        elif self._age() > self._lifetime:
            self._start()
        if self._known is not None:
            return self._known
        raise ModelFailed(str(self._failure))

    async def find(self, name: str) -> ModelInfo | None:
        """Return the model, asking the server again before saying that there is none; ModelFailed as `get`."""
        found = (await self.get()).get(name)
        if found is None:
            await self._ask(at_least_after=self._retry)
            found = (await self.get()).get(name)
        return found

    async def close(self) -> None:
        """Give up a request under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})

    def _age(self) -> float:
        return asyncio.get_running_loop().time() - self._asked_at

    async def _ask(self, *, at_least_after: float) -> None:
        """Wait for a request under way, or for a new one unless the last began too recently."""
        if self._asking is None and self._age() < at_least_after:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(None if self._failure is None else _PATIENCE_WITH_A_FAILED):
                await asyncio.shield(self._start())

    def _start(self) -> "asyncio.Task[None]":
        if self._asking is None:
            self._asked_at = asyncio.get_running_loop().time()
            self._asking = asyncio.create_task(self._refresh())
        return self._asking

    async def _refresh(self) -> None:
        try:
            self._known = await self._fetch()
            self._failure = None
        except ModelFailed as failure:
            self._failure = failure
        finally:
            self._asking = None
