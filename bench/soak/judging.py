"""Is everything level that should be? The first part, in which people come and caches fill up, is left out.

A restart begins a new life of the serving processes. They are judged together, in the times in which nothing was restarted for a
while: what a life gathers goes with it, but what remains or grows from life to life shows. Where lives are long enough, the
drift within them is judged too, as if each had lived on to the end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from bench.soak.period import Period
from bench.soak.rules import explained, tolerated
from bench.soak.series import Book, Points, between, crests, growth, level, slope, slope_of_pairs

# People talk every minute at least: before they have twice, a process is still getting to know them, and so it is shortly after
# those of another have come to it.
_GROWN_UP: Final = 120.0
_SETTLED: Final = 45.0
_FEWEST: Final = 4
_FEWEST_LIVES: Final = 3
_CONSISTENT: Final = 0.75
_UNJUDGED: Final = frozenset({"people", "turns"})
_SERVING: Final = "serve"
# Autovacuum comes once a minute.
_VACUUM_SECONDS: Final = 75.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """By how much a series grew in the judged part, and by how much it might have; `per_turn` is what turns explain of that."""

    kind: str
    name: str
    base: float
    grew: float
    allowed: float
    per_turn: float

    @property
    def is_level(self) -> bool:
        """Whether it is as it should be."""
        return self.grew <= self.allowed


def judge(book: Book, period: Period) -> list[Verdict]:
    """Return the verdict on every series that has enough points."""
    found = []
    for (kind, name), points in book.series.items():
        if kind in _UNJUDGED or _is_one_life(name):
            continue
        verdict = _judged(book, period, kind, name, points)
        found += [] if verdict is None else [verdict]
    for kind in book.kinds():
        drift = _drift(book, period, kind)
        found += [] if drift is None else [drift]
    return found


def _is_one_life(name: str) -> bool:
    return name.startswith(f"{_SERVING} ")


def _judged(book: Book, period: Period, kind: str, name: str, points: Points) -> Verdict | None:
    counted, as_many = (_counted(period, name, one) for one in _shaped(book, kind, name, points))
    if len(counted) < _FEWEST:
        return None
    base, processes = level(counted[: max(1, len(counted) // 4)]), period.workers if name.startswith(f"{_SERVING},") else 1
    each = explained(kind, name)
    allowed = tolerated(kind, name, base, period.people, processes, _most_rows(book, name)) + each * _turns(book, counted)
    grew = min(_grew(period, name, counted), _grew(period, name, as_many))
    return Verdict(kind, name, base, grew, allowed, each)


def _counted(period: Period, name: str, points: Points) -> list[tuple[float, float]]:
    counted = between(points, period.judged_from(name), period.ended)
    return period.calm(counted) if name.startswith((f"{_SERVING},", "postgres", "valkey")) else counted


def _grew(period: Period, name: str, counted: Points) -> float:
    """Return by how much it grew; what restarts renew is compared with itself as long after another restart of that kind."""
    renewed = name == "postgres" or name.startswith(f"{_SERVING},")
    each = slope_of_pairs(counted, period.alike) if renewed else None
    return growth(counted) if each is None else each * (counted[-1][0] - counted[0][0])


def _shaped(book: Book, kind: str, name: str, points: Points) -> tuple[Points, Points]:
    """Return what is judged, twice: dead rows are their crests between two vacuums.

    What Postgres' processes hold is looked at as it is, and as if they had been as many all along: more of them hold more, and
    fewer do more each. What leaks grows in both.
    """
    if kind == "dead rows":
        found = crests(points, _VACUUM_SECONDS)
        return found, found
    connections = dict(book.series.get(("connections", name), []))
    if name != "postgres" or kind == "connections" or not connections:
        return points, points
    usual = median(connections.values())
    return points, [(at, value * usual / max(1.0, connections[at])) for at, value in points if at in connections]


def _most_rows(book: Book, name: str) -> float:
    return max((value for _, value in book.series.get(("rows", name), [])), default=0.0)


def _turns(book: Book, counted: Points) -> float:
    """Return the turns in the time of these points."""
    sent = [value for _, value in between(book.series.get(("turns", "sent"), []), counted[0][0], counted[-1][0] + 0.001)]
    return sent[-1] - sent[0] if sent else 0.0


def _drift(book: Book, period: Period, kind: str) -> Verdict | None:
    """Judge what serving processes gather while they live, if enough of them lived long enough to tell."""
    if period.settling < _SETTLED:
        return None
    parts = [
        calm for name, points in book.of(kind) if _is_one_life(name) for life in period.lives(points)
        if len(calm := period.calm(between(life, max(period.judged_from(name), points[0][0] + _GROWN_UP), period.ended)))
        >= 2 * _FEWEST
    ]
    slopes = [slope(part) for part in parts]
    if len(parts) < _FEWEST_LIVES:
        return None
    span = period.ended - period.judged_from(_SERVING)
    consistent = sum(one > 0 for one in slopes) >= _CONSISTENT * len(slopes)
    base = median(level(part) for part in parts)
    grew = median(slopes) * span if consistent else 0.0
    people = max(1, period.people // period.workers)
    return Verdict(kind, f"{_SERVING}, within a life", base, grew, tolerated(kind, _SERVING, base, people, 1), 0.0)


def doubts(at: Sequence[float], book: Book, period: Period, every: float) -> Iterator[str]:
    """Yield why the figures are not to be trusted."""
    steady = [one for one in at if period.began <= one < period.ended]
    widest = max((later - one for one, later in pairwise(steady)), default=0.0)
    if len(steady) < 4 * _FEWEST:
        yield f"there are {len(steady)} samples (at least {4 * _FEWEST})"
    if widest > 5 * every + 5:
        yield f"for {widest:.0f} s nothing was sampled"
    online = between(book.series.get(("people", "online"), []), period.began, period.ended)
    if level(period.calm(online) or online) < 0.9 * period.people:
        yield f"{level(online):,.0f} of {period.people:,} people were online"
    yield from (f"there was no restart by {how}" for how in _missing(period))


def _missing(period: Period) -> list[str]:
    return [how for how in ("SIGHUP", "kill -9") if not any(one.how == how for one in period.restarts)]
