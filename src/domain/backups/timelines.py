"""Timelines: after a restore or a failover the log goes on under the next number, from a fork in the old one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from domain.backups.wal import Segment, lsn_of


@dataclass(frozen=True, slots=True)
class Timelines:
    """The way to the newest timeline: each earlier one with the position at which it was left, oldest first."""

    newest: int = 1
    left: tuple[tuple[int, int], ...] = ()

    @classmethod
    def parse(cls, newest: int, history: str) -> "Timelines":
        """Read a `.history` file: lines of timeline, position and reason."""
        lines = [line.split() for line in history.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        return cls(newest, tuple((int(line[0]), lsn_of(line[1])) for line in lines))

    def leads_from(self, timeline: int, lsn: int) -> bool:
        """Return whether the newest timeline goes on from this position."""
        return timeline == self.newest or any(timeline == old and lsn <= fork for old, fork in self.left)

    def holders(self, number: int, segment_bytes: int) -> frozenset[int]:
        """Return the timelines whose files may hold this segment of the way; at a fork there are two."""
        found, begin = set(), 0
        for timeline, fork in self.left:
            if begin <= number <= fork // segment_bytes:
                found.add(timeline)
            begin = fork // segment_bytes
        return frozenset(found | {self.newest} if number >= begin else found)


def missing(
    first: Segment, stored: Collection[Segment], way: Timelines, segment_bytes: int, reach: int = 0
) -> tuple[Segment, ...]:
    """Return the segments of the way that are not stored, from `first` up to the newest that is stored, or up to `reach`."""
    there: Mapping[int, set[int]] = _by_number(stored)
    on_way = (segment.number for segment in stored if segment.timeline in way.holders(segment.number, segment_bytes))
    last = max((*on_way, (reach - 1) // segment_bytes))
    return tuple(
        Segment(number, max(holders))
        for number in range(first.number, last + 1)
        if not (holders := way.holders(number, segment_bytes)) & there.get(number, set())
    )


def _by_number(segments: Collection[Segment]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for segment in segments:
        found.setdefault(segment.number, set()).add(segment.timeline)
    return found
