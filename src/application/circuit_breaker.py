"""A circuit breaker: a server that is away costs its callers nothing but a look at the clock."""

import time
from collections.abc import Callable


class CircuitBreaker:
    """Opens after `failures` failures in a row; then lets one trial through every `rest` seconds until one succeeds."""

    def __init__(self, *, failures: int = 5, rest: float = 2.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most, self._rest, self._monotonic = failures, rest, monotonic
        self._failures = 0
        self._next_trial = 0.0

    def allows(self) -> bool:
        """Return whether to try the server; while open, a True is the one trial and starts the next rest."""
        if self._failures < self._most:
            return True
        now = self._monotonic()
        if now < self._next_trial:
            return False
        self._next_trial = now + self._rest
        return True

    def succeeded(self) -> None:
        """Note an answer: the breaker closes."""
        self._failures = 0

    def failed(self) -> None:
        """Note a failure; while open, the rest begins anew, so that a trial that hung is not followed by the next at once."""
        self._failures += 1
        if self._failures >= self._most:
            self._next_trial = self._monotonic() + self._rest
