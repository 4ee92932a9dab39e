"""Notices a connection whose peer has stopped reading, with one timer per connection and no timer calls per send."""

import asyncio
from collections.abc import Callable


class StallWatch:
    """Calls `stalled` when one send has not come through for `patience` seconds."""

    __slots__ = ("_patience", "_since", "_stalled", "_timer")

    def __init__(self, patience: float, stalled: Callable[[], object]) -> None:
        self._patience, self._stalled = patience, stalled
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Note that a send begins."""
        loop = asyncio.get_running_loop()
        self._since = loop.time()
        if self._timer is None:
            self._timer = loop.call_at(self._since + self._patience, self._look)

    def end(self) -> None:
        """Note that it came through, or was given up."""
        self._since = None

    def close(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        if self._since is None:
            return
        loop, due = asyncio.get_running_loop(), self._since + self._patience
        if due > loop.time():
            self._timer = loop.call_at(due, self._look)
        else:
            self._stalled()
