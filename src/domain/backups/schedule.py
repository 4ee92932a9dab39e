"""When the next base backup is due."""

from collections.abc import Collection
from datetime import datetime, timedelta

from domain.backups.base import BaseBackup
from domain.backups.timelines import Timelines, missing
from domain.backups.wal import Segment


def is_due(
    backups: Collection[BaseBackup], stored: Collection[Segment], way: Timelines, every: timedelta, now: datetime
) -> bool:
    """Return whether one is due: by time, or since the log after the newest one has a gap or has left its timeline."""
    newest = max(backups, key=lambda backup: backup.ended_at, default=None)
    if newest is None or now - newest.began_at >= every:
        return True
    broken = missing(newest.next_segment, stored, way, newest.server.segment_bytes)
    return bool(broken) or not way.leads_from(newest.timeline, newest.stop)
