"""What is known of a base backup and of the log that was kept after it."""

from dataclasses import dataclass
from datetime import datetime

from domain.backups.wal import Segment


@dataclass(frozen=True, slots=True)
class Holding:
    """A part of the application (catalog, shard 0 …) and the database of the server that it lies in."""

    part: str
    database: str


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A server as it was found; `version` is PostgreSQL's number (180006), `embedded` whether `onelast up` runs it."""

    system_id: int
    label: str
    holdings: tuple[Holding, ...]
    user: str
    version: int
    embedded: bool
    segment_bytes: int


@dataclass(frozen=True, slots=True)
class BaseBackup:
    """A whole base backup. Moments are the server's own clock; `size` is in bytes before compression."""

    name: str
    server: ServerFacts
    timeline: int
    start: int
    stop: int
    began_at: datetime
    ended_at: datetime
    size: int

    @property
    def first_segment(self) -> Segment:
        """The first segment of the log that a restore reads."""
        return Segment.of(self.start, self.timeline, self.server.segment_bytes)

    @property
    def last_segment(self) -> Segment:
        """The segment that a restore must have reached before the data are whole."""
        return Segment.of(max(self.stop - 1, 0), self.timeline, self.server.segment_bytes)

    @property
    def next_segment(self) -> Segment:
        """The first segment that the backup does not bring itself."""
        return Segment(self.last_segment.number + 1, self.timeline)


@dataclass(frozen=True, slots=True)
class Covered:
    """All that was committed before `at` (the server's clock) is in the log that is stored, up to `lsn`."""

    at: datetime
    lsn: int
