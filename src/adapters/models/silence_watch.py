"""Ends a stream that has fallen silent, with one timer per stream and no timer calls per token."""

import asyncio
from collections.abc import Callable


class SilenceWatch:
    """Calls `expire` once nothing was heard by `deadline` (loop time), or later for `between` seconds while we listened."""

    __slots__ = ("_between", "_expire", "_first", "_handle", "_loop", "_since", "expired")

    def __init__(self, deadline: float, between: float, expire: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._between, self._expire = between, expire
        self._since: float | None = None
        self._first = True
        self.expired = False
        self._handle = self._loop.call_at(deadline, self._give_up)

    def heard(self) -> None:
        """Note that something came; the time that its reader takes does not count as silence."""
        self._since = None
        if self._first:
            self._first = False
            self._handle.cancel()
            self._handle = self._loop.call_later(self._between, self._look)

    def listen(self) -> None:
        """Begin to wait for more."""
        self._since = self._loop.time()

    def stop(self) -> None:
        """Watch no longer."""
        self._handle.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        due = now + self._between if self._since is None else self._since + self._between
        if due > now:
            self._handle = self._loop.call_at(due, self._look)
        else:
            self._give_up()

    def _give_up(self) -> None:
        self.expired = True
        self._expire()
