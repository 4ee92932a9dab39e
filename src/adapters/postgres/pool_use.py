"""What a pool counts about itself, read when somebody asks and cheap while nobody does."""

from bisect import bisect_left
from typing import Final

WAIT_BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class PoolUse:
    """Counters since the start; `waits` has how many waited up to each of WAIT_BOUNDS, and in the end the rest."""

    __slots__ = ("at_once", "connects", "refused", "seconds_waited", "timed_out", "waits")

    def __init__(self) -> None:
        self.at_once = 0  # got a connection that lay ready
        self.connects = 0  # connections that were opened, or tried to be
        self.refused = 0  # were not let into the queue
        self.timed_out = 0  # waited in vain
        self.seconds_waited = 0.0
        self.waits = [0] * (len(WAIT_BOUNDS) + 1)

    def waited(self, seconds: float) -> None:
        """Note that somebody has a connection after so long."""
        self.waits[bisect_left(WAIT_BOUNDS, seconds)] += 1
        self.seconds_waited += seconds

    def cumulative(self) -> list[tuple[float, int]]:
        """Return how many had a connection within each bound, those at once included; infinity stands last."""
        found, total = [], self.at_once
        for bound, count in zip((*WAIT_BOUNDS, float("inf")), self.waits, strict=True):
            total += count
            found.append((bound, total))
        return found
