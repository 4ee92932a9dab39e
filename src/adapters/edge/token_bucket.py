"""A token bucket, as the vendors limit purges."""

import time
from collections.abc import Callable


class TokenBucket:
    """Starts full with `size` tokens and wins `per_second` of them until it is full again."""

    def __init__(self, size: int, per_second: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.size = size
        self._per_second, self._monotonic = per_second, monotonic
        self._tokens = float(size)
        self._counted_at = self._shut_until = monotonic()

    def take(self, count: int) -> float:
        """Pay for `count` (at most `size`) and return 0; or pay nothing and return in how many seconds they will be there."""
        now = self._monotonic()
        self._tokens = min(self.size, self._tokens + (now - self._counted_at) * self._per_second)
        self._counted_at = now
        wait = max((count - self._tokens) / self._per_second, self._shut_until - now, 0.0)
        if not wait:
            self._tokens -= count
        return wait

    def shut(self, seconds: float) -> None:
        """Give nothing for so long: whoever fills the bucket on the other side has said so."""
        self._shut_until = max(self._shut_until, self._monotonic() + seconds)
