"""What all people of a crowd share: the clock, the addresses, how fast they talk, and where they note what they see."""

import asyncio
import time
from collections.abc import Callable
from random import Random

from msgspec import Struct

from bench.load.http_line import connect
from bench.load.record import Notes


class Account(Struct, array_like=True):
    """A person's secret, and the session that they talk in."""

    token: str
    session: str
    socket: bool


class Habits(Struct):
    """How people behave: seconds between two messages, and the share of replies in which the connection is dropped."""

    shortest: float = 30.0
    longest: float = 60.0
    dropping: float = 0.05
    patience: float = 30.0


class World:
    """One event loop's people."""

    def __init__(self, address: tuple[str, int], habits: Habits, seed: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.address, self.habits, self.random = address, habits, Random(seed)
        self.notes = Notes()
        self.pace, self.online, self.closing = 1.0, 0, False

    @staticmethod
    def now() -> float:
        """Return the time by which things are measured, in seconds; the loop's own is of whole milliseconds."""
        return time.perf_counter()

    def connect(self, line: asyncio.Protocol, failed: Callable[[], None]) -> None:
        """Connect to the server in the background."""
        connect(self.loop, self.address, line, failed)

    def interval(self) -> float:
        """Return the seconds until somebody's next message."""
        return self.random.uniform(self.habits.shortest, self.habits.longest) / self.pace

    def after(self, least: float, most: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call after a random time between these bounds, in seconds."""
        return self.loop.call_later(self.random.uniform(least, most), call)
