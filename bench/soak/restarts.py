"""Serving processes are replaced and killed in turn while people talk."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psutil

from bench.load.stage import Stage
from bench.wire import WrongAnswer

_PATIENCE_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Restart:
    """How it was done ("SIGHUP", "kill -9"), and from when to when processes were gone or doubled, in seconds."""

    how: str
    began: float
    ended: float


class Restarts:
    """Those that were made; `now` is the clock of the samples."""

    def __init__(self, stage: Stage, workers: int, now: Callable[[], float]) -> None:
        (self._parent,) = stage.ours["serve's parent"]
        self._workers, self._now = workers, now
        self.made: list[Restart] = []

    def serving(self) -> list[int]:
        """Return the processes that serve now, the oldest first."""
        found = []
        with suppress(psutil.Error):
            for child in self._parent.children():
                with suppress(psutil.Error):
                    if "--listener" in child.cmdline():
                        found.append((child.create_time(), child.pid))
        return [pid for _, pid in sorted(found)]

    async def go_on(self, every: float) -> None:
        """Restart until cancelled; WrongAnswer when processes do not come back."""
        due = self._now()
        while True:
            due += every
            await asyncio.sleep(max(0.0, due - self._now()))
            await (self._kill() if len(self.made) % 2 else self._replace())

    async def _replace(self) -> None:
        began, before = self._now(), set(self.serving())
        self._parent.send_signal(signal.SIGHUP)
        await self._until(lambda now: not before & now)
        self.made.append(Restart("SIGHUP", began, self._now()))

    async def _kill(self) -> None:
        began, victim = self._now(), self.serving()[0]
        os.kill(victim, signal.SIGKILL)
        await self._until(lambda now: victim not in now)
        self.made.append(Restart("kill -9", began, self._now()))

    async def _until(self, done: Callable[[set[int]], bool]) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not (len(now := set(self.serving())) == self._workers and done(now)):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise WrongAnswer(f"Serving processes were not back within {_PATIENCE_SECONDS:.0f} s of a restart.") from None
