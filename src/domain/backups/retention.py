"""Which backups are kept, and what can go with the others."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.backups.base import BaseBackup
from domain.backups.wal import SEGMENT_NAME, Segment, parse_partial


@dataclass(frozen=True, slots=True)
class Retention:
    """The newest `count` base backups, or as many as it takes to restore any moment of the last `days` days."""

    count: int = 7
    days: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Retention":
        """Read `7` (backups) or `14d` (days); ValueError."""
        match = re.fullmatch(r"([1-9]\d{0,4})(d?)", text)
        if match is None:
            raise ValueError("must be a number of backups like 7, or of days like 14d")
        return cls(days=int(match[1])) if match[2] else cls(count=int(match[1]))

    def kept(self, backups: Collection[BaseBackup], now: datetime) -> Sequence[BaseBackup]:
        """Return those to keep, oldest first: never none while there is one."""
        ordered = sorted(backups, key=lambda backup: backup.ended_at)
        if self.days is None:
            return ordered[-self.count:]
        since = now - timedelta(days=self.days)
        before = [backup for backup in ordered if backup.ended_at <= since]
        return before[-1:] + ordered[len(before):]


def unneeded_wal(names: Collection[str], kept: Collection[BaseBackup], segment_bytes: int) -> list[str]:
    """Return the names of the log's files that no kept backup needs; without a backup all are kept, as are histories."""
    if not kept:
        return []
    first = min(backup.first_segment.number for backup in kept)
    return sorted({name for name in names if _number(name, segment_bytes) < first}.union(superseded(names)))


def superseded(names: Collection[str]) -> list[str]:
    """Return the beginnings of segments of which more is stored."""
    whole = {name for name in names if SEGMENT_NAME.fullmatch(name)}
    longest: dict[str, int] = {}
    for segment, length in filter(None, map(parse_partial, names)):
        longest[segment] = max(length, longest.get(segment, 0))
    found = [(name, parsed) for name in sorted(names) if (parsed := parse_partial(name))]
    return [name for name, (segment, length) in found if segment in whole or length < longest[segment]]


def _number(name: str, segment_bytes: int) -> float:
    segment = name if SEGMENT_NAME.fullmatch(name) else (parse_partial(name) or ("", 0))[0]
    return Segment.parse(segment, segment_bytes).number if segment else float("inf")
