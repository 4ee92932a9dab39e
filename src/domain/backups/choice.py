"""From which base backup, and with how much of the log, a moment is restored."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.backups.base import BaseBackup
from domain.backups.problems import NotRestorable
from domain.backups.timelines import Timelines


@dataclass(frozen=True, slots=True)
class Source:
    """A base backup, the number of the first segment to read, and of the last (None: all that there are)."""

    backup: BaseBackup
    first: int
    last: int | None


def choose(backups: Collection[BaseBackup], way: Timelines, moment: datetime | None) -> Source:
    """Return the newest base backup that was whole at `moment` (None: the latest); NotRestorable.

    The next base backup bounds the log: what was committed before it began is in the segments up to its end.
    """
    on_way = sorted(
        (backup for backup in backups if way.leads_from(backup.timeline, backup.stop)), key=lambda backup: backup.ended_at
    )
    if not on_way:
        raise NotRestorable("There is no whole base backup.")
    fitting = [backup for backup in on_way if moment is None or backup.ended_at <= moment]
    if not fitting:
        raise NotRestorable(f"The oldest moment that can be restored is {on_way[0].ended_at.isoformat()}.")
    later = on_way[len(fitting):]
    return Source(fitting[-1], fitting[-1].first_segment.number, later[0].last_segment.number if later else None)
