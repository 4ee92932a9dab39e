"""What every step of a move has at hand."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from adapters.postgres.moving.connections import Sides
from adapters.postgres.moving.journal import MoveJournal
from adapters.postgres.moving.pace import Pace
from adapters.postgres.moving.problems import Stopped


async def _onwards(step: str) -> None:
    """Go on at once."""


def _silent(copied: int, rows: int) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who watches a move: `copied` hears how many rows of how many are there, `at` is awaited after each step.

    When `stop` is set the move stops where that is safe, with Stopped.
    """

    copied: Callable[[int, int], None] = _silent
    at: Callable[[str], Awaitable[None]] = _onwards
    stop: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Work:
    """The databases, the journal, who watches, and how long to wait for what."""

    sides: Sides
    journal: MoveJournal
    attendance: Attendance
    pace: Pace

    async def at(self, step: str) -> None:
        """Tell that a step is done."""
        await self.attendance.at(step)

    async def rest(self, seconds: float) -> None:
        """Wait; Stopped when the move is asked to stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.attendance.stop.wait(), seconds)
        self.stop_if_asked()

    def stop_if_asked(self) -> None:
        """Raise Stopped when the move is asked to stop."""
        if self.attendance.stop.is_set():
            raise Stopped
