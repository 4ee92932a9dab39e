"""How it goes, on one line of the terminal, or a line every ten seconds where there is no terminal."""

import sys
import time
from bisect import insort
from collections.abc import Callable
from typing import Final

from bench.load.crowd import Told

_EVERY_WITHOUT_TERMINAL: Final = 10.0
# The p99 is of the last so many answers.
_KEPT: Final = 20_000


class Progress:
    """Gathers what the crowds tell, second by second."""

    def __init__(self, crowds: int, cpu: Callable[[], str]) -> None:
        self._latest = [Told()] * crowds
        self._cpu, self._phase = cpu, "start"
        self._ordered: list[float] = []
        self._errors, self._shown_at, self._told = 0, 0.0, [0] * crowds
        self.online: list[int] = []
        self.messages = 0

    def begin(self, phase: str) -> None:
        """Begin a phase: the least number online, the errors and the p99 are of it alone."""
        self._phase, self._errors, self.online = phase, 0, []
        self._ordered.clear()

    @property
    def online_now(self) -> int:
        """How many are online, as last told."""
        return sum(told.online for told in self._latest)

    def hear(self, number: int, told: Told) -> None:
        """Take what a crowd tells, and show it when all have told."""
        self._latest[number] = told
        self._told[number] += 1
        self._errors += told.errors
        self.messages += told.messages
        for one in told.took:
            insort(self._ordered, one)
        if len(self._ordered) > _KEPT:
            del self._ordered[::2]
        if self._told[number] == max(self._told) and min(self._told) == max(self._told):
            self.online.append(self.online_now)
            self._show()

    def end(self) -> None:
        """Leave the line."""
        if sys.stderr.isatty():
            print(file=sys.stderr)

    def _show(self) -> None:
        now = time.monotonic()
        if sys.stderr.isatty():
            print(f"\r\033[K{self._line()}", end="", file=sys.stderr, flush=True)
        elif now - self._shown_at >= _EVERY_WITHOUT_TERMINAL:
            self._shown_at = now
            print(self._line(), file=sys.stderr, flush=True)

    def _line(self) -> str:
        messages, events = sum(told.messages for told in self._latest), sum(told.events for told in self._latest)
        p99 = self._ordered[int(0.99 * len(self._ordered))] if self._ordered else 0.0
        lag = max(told.lag for told in self._latest)
        return (
            f"{self._phase}: {self.online_now:,} online  {messages:,} messages/s  {events:,} events/s  p99 {p99:.0f} ms"
            f"  {self._errors} errors  CPU {self._cpu()}  client's lag {lag:.0f} ms"
        )
