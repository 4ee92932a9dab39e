"""The computer's clock."""

from datetime import UTC, datetime

from application.ports.clock import Clock


class SystemClock(Clock):
    """The time as the operating system tells it."""

    def now(self) -> datetime:
        """Return it."""
        return datetime.now(UTC)
