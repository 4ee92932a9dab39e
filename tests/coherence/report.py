"""What a trial has to say."""

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.coherence.record import Record


def summary(record: Record) -> Iterator[str]:
    """Yield lines: what was done, what went wrong, and how often each layer of each node had what was asked of it."""
    weak = sum(record.is_weak(write) for write in record.writes)
    by_writers = sum(seen.writer for seen in record.seen)
    yield f"{len(record.writes)} writes acknowledged, {weak} of them while the store could not be reached"
    yield f"{len(record.seen)} versions read, {by_writers} of them by their writers; {record.unanswered} requests unanswered"
    faults = Counter(fault.split()[0] for _, fault in record.faults if not fault.startswith("end"))
    yield "faults: " + (", ".join(f"{count} {fault}" for fault, count in sorted(faults.items())) or "none")
    for node, counts in record.counts.items():
        for layer in dict.fromkeys(layer for layer, _ in counts):
            yield f"{node}, {layer}: {_shares(layer, counts)}"


def _shares(layer: str, counts: Mapping[tuple[str, str], float]) -> str:
    told = {outcome: round(number) for (name, outcome), number in counts.items() if name == layer}
    asked = told.get("hit", 0) + told.get("miss", 0)
    share = f"{100 * told.get('hit', 0) / asked:.0f} % of {asked} found" if asked else "not asked"
    return share + "".join(f", {number} {outcome}" for outcome, number in told.items() if outcome not in {"hit", "miss"})
