"""What a crowd notes in one phase of the load, and how the notes of several crowds are put together."""

from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

# What is named of faults: the first of them are enough to look for the cause.
_NAMED: Final = 20


class Record(Struct):
    """Counts, and each latency in milliseconds, by what was asked.

    `first` is from sending a message to the first word, `bare` the same of the upstream by itself, `gaps` lie between words of a
    reply, `lag` is how late the crowd's own event loop was. `refused` are quick answers 503 and 429, `failed` all other errors.
    """

    took: dict[str, bytes] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def values(self, name: str) -> list[float]:
        """Return the latencies of this name, in no order."""
        return array("f", self.took.get(name, b"")).tolist()


class Notes:
    """A record in the making."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.faults: list[str] = []
        self.fresh: list[float] = []
        self._took: dict[str, array[float]] = {}

    def time(self, name: str, seconds: float) -> None:
        """Note a latency."""
        kept = self._took.get(name)
        if kept is None:
            kept = self._took[name] = array("f")
        kept.append(seconds * 1000)

    def answer(self, endpoint: str, seconds: float) -> None:
        """Note that a request to an endpoint was answered as it should be."""
        self.time(endpoint, seconds)
        self.fresh.append(seconds * 1000)

    def refuse(self, endpoint: str, status: int, seconds: float) -> None:
        """Note a request that was refused for now."""
        self.refused[f"{endpoint} {status}"] += 1
        self.time("refusals", seconds)

    def fail(self, endpoint: str, why: str) -> None:
        """Note a request that failed."""
        self.failed[f"{endpoint}: {why}"] += 1

    def fault(self, what: str) -> None:
        """Name what is wrong with a reply."""
        if len(self.faults) < _NAMED:
            self.faults.append(what)

    def close(self, seconds: float) -> Record:
        """Return the record of a phase that took so long."""
        took = {name: kept.tobytes() for name, kept in self._took.items()}
        return Record(took, dict(self.counts), dict(self.refused), dict(self.failed), self.faults, seconds)


def merged(records: Iterable[Record]) -> Record:
    """Return what several crowds noted in the same phase."""
    whole = Record()
    for record in records:
        for name, raw in record.took.items():
            whole.took[name] = whole.took.get(name, b"") + raw
        for total, part in ((whole.counts, record.counts), (whole.refused, record.refused), (whole.failed, record.failed)):
            for name, number in part.items():
                total[name] = total.get(name, 0) + number
        whole.faults = (whole.faults + record.faults)[:_NAMED]
        whole.seconds = max(whole.seconds, record.seconds)
    return whole


def quantile(values: list[float], share: float) -> float | None:
    """Return the value that this share of the values does not pass; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
