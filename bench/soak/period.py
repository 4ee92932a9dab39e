"""The time that is judged: which part of it counts, and what lies too close to a restart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from bench.soak.restarts import Restart
from bench.soak.series import Points, between

_LONGEST_SETTLING: Final = 60.0
# An ended reply's log is kept for two minutes: until then logs pile up.
_LOGS_KEPT: Final = 135.0
_SAME_AGE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Period:
    """When all people were there and until when, the restarts, and how many people and serving processes there were."""

    began: float
    ended: float
    restarts: Sequence[Restart]
    people: int
    workers: int

    def judged_from(self, name: str) -> float:
        """Return when a series counts."""
        quarter = self.began + (self.ended - self.began) / 4
        return max(quarter, self.began + _LOGS_KEPT) if name == "valkey" else quarter

    @property
    def settling(self) -> float:
        """The seconds behind a restart that are left out."""
        gaps = [later.began - one.ended for one, later in pairwise(self.restarts)]
        return min(_LONGEST_SETTLING, 0.55 * median(gaps)) if gaps else _LONGEST_SETTLING / 4

    def calm(self, points: Points) -> list[tuple[float, float]]:
        """Return the points at which nothing was being restarted, or had been shortly before."""
        loud = [(one.began, one.ended + self.settling) for one in self.restarts]
        return [(at, value) for at, value in points if not any(begins <= at < ends for begins, ends in loud)]

    def alike(self, one: float, other: float) -> bool:
        """Whether both lie as far behind a restart of the same kind, and not behind the same."""
        first, second = self._last(one), self._last(other)
        if first is None or second is None or first is second or first.how != second.how:
            return False
        return abs((one - first.ended) - (other - second.ended)) <= _SAME_AGE

    def _last(self, at: float) -> Restart | None:
        return next((one for one in reversed(self.restarts) if one.ended <= at), None)

    def lives(self, points: Points) -> Iterator[list[tuple[float, float]]]:
        """Yield the calm parts of a process's life."""
        ends = [*(one.began for one in self.restarts), self.ended]
        for before, end in zip([self.began, *ends], ends, strict=False):
            yield between(points, before, end)
