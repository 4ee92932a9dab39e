"""Waits that mostly end before their time, with one timer for all of them and no timer calls for each."""

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls `ring` when the time is over for which it was set last; a timer that goes off early looks again."""

    __slots__ = ("_due", "_ring", "_runs", "_timer")

    def __init__(self, ring: Callable[[], object]) -> None:
        self._ring, self._due, self._runs = ring, 0.0, False
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Ring in so many seconds."""
        loop = asyncio.get_running_loop()
        earlier, self._due, self._runs = self._due, loop.time() + seconds, True
        if self._timer is None:
            self._timer = loop.call_at(self._due, self._look)
        elif self._due < earlier:
            self._timer.cancel()
            self._timer = loop.call_at(self._due, self._look)

    def stop(self) -> None:
        """Do not ring."""
        self._runs = False

    def close(self) -> None:
        """Never ring again, and let go of whom it rang."""
        self._runs, self._ring = False, _nobody
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if not self._runs:
            return
        loop = asyncio.get_running_loop()
        if self._due > loop.time():
            self._timer = loop.call_at(self._due, self._look)
        else:
            self._runs = False
            self._ring()


def _nobody() -> None:
    """Nobody is rung any more."""
