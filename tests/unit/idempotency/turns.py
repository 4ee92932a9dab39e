"""A store whose readings and commits wait for their turn, which a test gives in whatever order it likes."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import Context
from typing import Any, TypeVar

from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables
from application.ports.clock import Clock

T = TypeVar("T")


class HastyLoop(asyncio.SelectorEventLoop):
    """An event loop whose pauses are over at once."""

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return super().call_later(0, callback, *args, context=context)


class TurnStore(MemoryStore):
    """While `ruled` is true, whoever reads or commits waits to be let on."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.ruled = False
        self.turns: list[asyncio.Future[None]] = []

    async def read(self) -> Tables:
        await self._turn()
        return await super().read()

    async def change(self, work: Callable[[Tables], T]) -> T:
        await self._turn()
        return await super().change(work)

    async def _turn(self) -> None:
        if self.ruled:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.turns.append(turn)
            await turn

    async def interleave(
        self, works: Sequence[Coroutine[Any, Any, T]], picks: Sequence[int], deaths: Mapping[int, int]
    ) -> list[T | BaseException]:
        """Return how the works end when their steps are taken in this order; `deaths` tells at which step which work dies."""
        self.ruled = True
        tasks = [asyncio.create_task(work) for work in works]
        for step in range(10_000):
            await self._all_wait(tasks)
            if not self.turns:
                break
            if step in deaths:
                tasks[deaths[step] % len(tasks)].cancel()
                await asyncio.sleep(0)
                self.turns = [turn for turn in self.turns if not turn.done()]
                continue
            self.turns.pop(picks[step % len(picks)] % len(self.turns)).set_result(None)
        self.ruled = False
        return await asyncio.gather(*tasks, return_exceptions=True)

    async def _all_wait(self, tasks: Sequence["asyncio.Task[Any]"]) -> None:
        """Return when each work waits for its turn or has ended: those that pause before another try are waited for."""
        while sum(not task.done() for task in tasks) > len(self.turns):  # noqa: ASYNC110
            await asyncio.sleep(0)
