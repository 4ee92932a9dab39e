"""A clock that stands still until somebody moves it."""

from datetime import UTC, datetime, timedelta
from typing import Final

from application.ports.clock import Clock

_DAWN: Final = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


class HandClock(Clock):
    """Tells both kinds of time: the date, and the seconds since it was made."""

    def __init__(self, now: datetime = _DAWN) -> None:
        self._now = self._began = now

    def now(self) -> datetime:
        """Return where the hands stand."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds that went by, for whoever takes `time.monotonic`."""
        return (self._now - self._began).total_seconds()

    def advance(self, seconds: float) -> None:
        """Move the hands forward."""
        self._now += timedelta(seconds=seconds)
