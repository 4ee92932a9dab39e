"""The time."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; tests move it by hand."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the time as an aware UTC datetime with microseconds."""
