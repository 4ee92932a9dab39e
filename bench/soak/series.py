"""What was sampled over time, and what is said of how a series goes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import median

Points = Sequence[tuple[float, float]]

_MOST_POINTS = 150


@dataclass(slots=True)
class Book:
    """Points (seconds, value) by kind ("files") and by whose they are ("valkey")."""

    series: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)

    def note(self, kind: str, name: str, at: float, value: float) -> None:
        """Note a value."""
        self.series.setdefault((kind, name), []).append((at, value))

    def kinds(self) -> list[str]:
        """Return what was measured."""
        return list(dict.fromkeys(kind for kind, _ in self.series))

    def of(self, kind: str) -> Iterator[tuple[str, list[tuple[float, float]]]]:
        """Yield the names and points of a kind."""
        yield from ((name, points) for (other, name), points in self.series.items() if other == kind)


def slope(points: Points) -> float:
    """Return the growth a second by Theil and Sen: the middle one of all pairs' slopes, which no few outliers move."""
    kept = points[:: max(1, -(-len(points) // _MOST_POINTS))]
    slopes = [
        (later - value) / (then - at)
        for place, (at, value) in enumerate(kept)
        for then, later in kept[place + 1 :]
        if then > at
    ]
    return median(slopes) if slopes else 0.0


def slope_of_pairs(points: Points, alike: Callable[[float, float], bool]) -> float | None:
    """Return the same of those pairs whose times are alike; None if there are none."""
    kept = points[:: max(1, -(-len(points) // _MOST_POINTS))]
    pairs = [(one, other) for one, other in combinations(kept, 2) if alike(one[0], other[0])]
    return median((later - value) / (then - at) for (at, value), (then, later) in pairs) if pairs else None


def growth(points: Points) -> float:
    """Return by how much it has grown from the first point to the last, by its slope."""
    return slope(points) * (points[-1][0] - points[0][0]) if points else 0.0


def level(points: Points) -> float:
    """Return the middle value."""
    return median(value for _, value in points) if points else 0.0


def crests(points: Points, seconds: float) -> list[tuple[float, float]]:
    """Return at each time the highest value of so many seconds up to it, once that long has passed: a sawtooth becomes level."""
    first = points[0][0] + seconds if points else 0.0
    return [(at, max(value for then, value in points if at - seconds <= then <= at)) for at, _ in points if at >= first]


def between(points: Points, begins: float, ends: float) -> list[tuple[float, float]]:
    """Return the points of this time."""
    return [(at, value) for at, value in points if begins <= at < ends]
