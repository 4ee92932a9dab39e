"""Whether a figure has changed since the baseline, or the rounds of both runs differ among themselves as much as that.

A run's noise is its rounds' median absolute deviation, scaled to a normal distribution's standard deviation; the median of n
rounds is known to 1.25 σ/√n. A change is one if it is beyond what both medians are unsure by, 99 times in a hundred (Student's t,
by the run with fewer rounds), and more than five per cent: from one start of a server to the next figures differ by that, which
no round of a single start can show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, isfinite, sqrt
from statistics import median
from typing import Final, Literal

_TO_SIGMA: Final = 1.4826
_OF_MEDIANS: Final = 1.2533
_CERTAIN: Final = {2: 63.7, 3: 9.92, 4: 5.84, 5: 4.60, 6: 4.03, 7: 3.71, 8: 3.50, 9: 3.36}
_CERTAIN_OF_MORE: Final = 3.25
LEAST_CHANGE: Final = 0.05
Verdict = Literal["better", "worse", "same", "unknown"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure's median, the relative spread of its rounds (one standard deviation, 0.1 is 10 %), and their number."""

    value: float
    spread: float
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure | None":
        """Return the figure that these rounds give; None without any."""
        if not values:
            return None
        middle = median(values)
        deviation = median(abs(value - middle) for value in values)
        return cls(middle, _TO_SIGMA * deviation / abs(middle) if middle else 0.0, len(values))

    @property
    def doubt(self) -> float:
        """The relative standard error of the median; infinite where a single round tells nothing of it."""
        return _OF_MEDIANS * self.spread / sqrt(self.rounds) if self.rounds > 1 else inf


@dataclass(frozen=True, slots=True)
class Change:
    """The relative change since the baseline (0.1: a tenth more), and how much of one would be noise."""

    verdict: Verdict
    by: float
    noise: float


def compare(now: Figure, then: Figure, better: Literal["lower", "higher"]) -> Change:
    """Return what has become of a figure since then."""
    if then.value <= 0 or now.value < 0:  # a difference of two times can be below nothing, and then no factor tells of it
        return Change("same" if now.value == then.value else "unknown", 0.0, inf)
    certain = _CERTAIN.get(min(now.rounds, then.rounds), _CERTAIN_OF_MORE)
    by, noise = now.value / then.value - 1, max(LEAST_CHANGE, certain * hypot(now.doubt, then.doubt))
    if not isfinite(noise):
        return Change("unknown", by, noise)
    if abs(by) <= noise:
        return Change("same", by, noise)
    return Change("better" if (by < 0) == (better == "lower") else "worse", by, noise)
