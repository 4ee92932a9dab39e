"""A budget for second tries, so that they do not multiply the load when everybody fails.

Sources: "Retry Budgets" in Twitter's Finagle (https://finagle.github.io/blog/2016/02/08/retry-budgets/) for the bucket and its
reserve; "Handling Overload" in Google's Site Reliability Engineering (https://sre.google/sre-book/handling-overload/) for the
share of 10 %.
"""

import time
from collections.abc import Callable


class RetryBudget:
    """A bucket of tokens: each request earns `share` of one, each second brings `reserve`, each second try costs one.

    It starts full and holds what `seconds` of reserve bring, so `reserve` tries a second are always allowed.
    """

    def __init__(
        self, *, share: float = 0.1, reserve: float = 10.0, seconds: float = 10.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._share, self._reserve, self._most = share, reserve, reserve * seconds
        self._monotonic = monotonic
        self._tokens = self._most
        self._counted_at = monotonic()

    def earn(self) -> None:
        """Note a request."""
        self._tokens += self._share

    def spend(self) -> bool:
        """Return whether a second try is allowed, and pay for it."""
        now = self._monotonic()
        self._tokens = min(self._most, self._tokens + (now - self._counted_at) * self._reserve)
        self._counted_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
