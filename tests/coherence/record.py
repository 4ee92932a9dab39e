"""What was written and read, and whether anything that was read was older than the cache contract allows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from adapters.caching.shapes import AGENT, MESSAGE_PAGE, SESSION, SESSION_PAGE, SESSIONS
from application.ports.cache import REMEMBERED_SECONDS

# How late a clock is read on a busy machine.
SLACK_SECONDS: Final = 0.5
LONGEST_LIFETIME: Final = max(shape.longest for shape in (AGENT, MESSAGE_PAGE, SESSION, SESSION_PAGE, SESSIONS))


@dataclass(frozen=True, slots=True)
class Write:
    """An acknowledged write: between these moments, at this node. Versions of a key only grow."""

    key: str
    version: int
    node: str
    sent: float
    acknowledged: float


@dataclass(frozen=True, slots=True)
class Seen:
    """A version that was read; `writer` if it was by whom wrote it."""

    key: str
    version: int
    node: str
    began: float
    ended: float
    how: str
    writer: bool


@dataclass
class Record:
    """All of a run. `failed` are the moments when a node said that it could not invalidate, by node."""

    writes: list[Write] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    faults: list[tuple[float, str]] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    failed: dict[str, list[float]] = field(default_factory=dict)
    unanswered: int = 0
    counts: dict[str, Mapping[tuple[str, str], float]] = field(default_factory=dict)

    def is_weak(self, write: Write) -> bool:
        """Tell whether the store could not be reached for this write."""
        begins, ends = write.sent - SLACK_SECONDS, write.acknowledged + SLACK_SECONDS
        return any(begins <= at <= ends for at in self.failed.get(write.node, ()))


def violations(record: Record) -> list[str]:
    """Return everything that is wrong."""
    writes: defaultdict[str, list[Write]] = defaultdict(list)
    for write in record.writes:
        writes[write.key].append(write)
    weak = {write for write in record.writes if record.is_weak(write)}
    return [*record.surprises, *(text for seen in record.seen for text in _too_old(seen, writes[seen.key], weak))]


def _too_old(seen: Seen, writes: Sequence[Write], weak: set[Write]) -> Iterator[str]:
    for write in writes:
        if write.version <= seen.version:
            continue
        age = seen.began - write.acknowledged
        if age > _bound(seen, is_weak=write in weak):
            who = "the writer" if seen.writer else "somebody"
            yield (
                f"{who} read {seen.key} by {seen.how} at {seen.node} and saw {seen.version}, {age:.3f} s after "
                f"{write.version} was acknowledged at {write.node} (read from {seen.began:.3f} to {seen.ended:.3f})"
            )
            return


def _bound(seen: Seen, *, is_weak: bool) -> float:
    if is_weak:
        return LONGEST_LIFETIME + SLACK_SECONDS
    return 0.0 if seen.writer else REMEMBERED_SECONDS + SLACK_SECONDS
