"""What the figures of a phase come to, and whether they are as good as they should be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.load.record import Record, quantile

# Not endpoints, but what else is timed.
_OTHERS: Final = frozenset({"first", "bare", "gaps", "lag", "replies", "refusals"})
_MOST_LAG_MS: Final = 20.0
_FULL: Final = 0.9


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound and what was reached; None is what could not be measured, and counts as missed."""

    name: str
    bound: str
    reached: str
    met: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """A phase in numbers; times in milliseconds, `added` is the time to the first word less the upstream's own middle one."""

    api: dict[str, tuple[int, float, float, float]]
    added: tuple[float, float, float] | None
    bare: float | None
    gaps: tuple[float, float] | None
    refusals: float | None
    requests: int
    messages: int
    replies: int
    events: int
    lost: int
    doubled: int
    wrong: int
    refused: int
    failed: int
    reconnects: int
    seconds: float

    @property
    def errors(self) -> float:
        """The share of requests that failed or were refused."""
        return (self.refused + self.failed) / self.requests if self.requests else 0.0

    @property
    def goodput(self) -> float:
        """Whole and right replies a second."""
        return (self.replies - self.wrong) / self.seconds if self.seconds else 0.0

    @property
    def slowest(self) -> tuple[str, float]:
        """The endpoint with the highest p99, and that."""
        return max(((name, taken[3]) for name, taken in self.api.items()), key=lambda pair: pair[1], default=("none", 0.0))


def figures_of(record: Record) -> Figures:
    """Return the figures of a record."""
    counts, bare = record.counts, quantile(record.values("bare"), 0.5)
    first, gaps = sorted(record.values("first")), sorted(record.values("gaps"))
    return Figures(
        {name: _endpoint(record.values(name)) for name in sorted(record.took) if name not in _OTHERS},
        _added(first, bare),
        bare, (_at(gaps, 0.5), _at(gaps, 0.99)) if gaps else None, quantile(record.values("refusals"), 0.99),
        counts.get("requests", 0), counts.get("messages", 0), counts.get("replies", 0), counts.get("events", 0),
        counts.get("lost", 0), counts.get("doubled", 0), counts.get("wrong replies", 0), sum(record.refused.values()),
        sum(record.failed.values()), sum(counts.get(name, 0) for name in ("reconnects", "broken streams", "broken sockets")),
        record.seconds,
    )


def judge(figures: Figures, *, people: int, online: int, memory: int) -> list[Goal]:
    """Return the goals with what was reached; `online` is the least number that was online, `memory` is in bytes."""
    api, (endpoint, slowest) = figures.api, figures.slowest
    first = None if figures.added is None else figures.added[2]
    return [
        Goal("people online", f"≥ {people * 0.98:,.0f} (some are always coming back)", f"{online:,}", online >= people * 0.98),
        Goal("events lost or doubled", "0", f"{figures.lost + figures.doubled}", not (figures.lost or figures.doubled)),
        Goal("replies with another text or end", "0", f"{figures.wrong}", not figures.wrong),
        Goal("errors", "< 0.1 %", f"{figures.errors:.3%}", figures.errors < 0.001),
        Goal("API p99", "< 200 ms", f"{slowest:.0f} ms ({endpoint})", bool(api) and slowest < 200),
        Goal(
            "added time to first word p99", "< 100 ms", "–" if first is None else f"{first:.0f} ms",
            first is not None and first < 100,
        ),
        Goal("memory of all server processes", "< 1 GB", f"{memory / 1e6:,.0f} MB", memory < 1e9),
    ]


def doubts(record: Record, client_cpu: Sequence[Sequence[float]]) -> Iterator[str]:
    """Yield why the load client was the bottleneck: its latencies are then its own. CPU is by process, second by second."""
    lag = quantile(record.values("lag"), 0.99)
    if lag is None or lag > _MOST_LAG_MS:
        yield f"its event loop was late by {lag or 0:.0f} ms at p99 (at most {_MOST_LAG_MS:.0f})"
    for number, shares in enumerate(client_cpu, 1):
        full = sum(share > _FULL for share in shares)
        if full > len(shares) / 2:
            yield f"its process {number} took over {_FULL:.0%} of a core in {full} of {len(shares)} seconds"


def _endpoint(values: list[float]) -> tuple[int, float, float, float]:
    ordered = sorted(values)
    return len(ordered), _at(ordered, 0.5), _at(ordered, 0.95), _at(ordered, 0.99)


def _added(first: list[float], bare: float | None) -> tuple[float, float, float] | None:
    """Return p50, p95 and p99 of times to the first word (in order), less what the upstream takes by itself."""
    if not first or bare is None:
        return None
    return max(0.0, _at(first, 0.5) - bare), max(0.0, _at(first, 0.95) - bare), max(0.0, _at(first, 0.99) - bare)


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
