"""What is stored of one server, read once and put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.backups.archive import Archive, StoredWal
from domain.backups.base import BaseBackup, Covered
from domain.backups.problems import NotRestorable
from domain.backups.timelines import Timelines, missing
from domain.backups.wal import Segment


@dataclass(frozen=True, slots=True)
class Stock:
    """One server's base backups (at least one, oldest first), its log, and how far that reaches."""

    backups: Sequence[BaseBackup]
    wal: StoredWal
    way: Timelines
    covered: Covered | None

    @property
    def label(self) -> str:
        """What the server was called in its newest backup."""
        return self.backups[-1].server.label

    @property
    def system_id(self) -> int:
        """The server's own number."""
        return self.backups[-1].server.system_id

    @property
    def latest(self) -> datetime:
        """The latest moment that can be restored for certain."""
        newest = self.backups[-1].ended_at
        return newest if self.covered is None else max(newest, self.covered.at)

    def gaps(self, backup: BaseBackup) -> Sequence[Segment]:
        """Return the segments that are missing between a backup and the end of the log."""
        reach = self.covered.lsn if self.covered else 0
        return missing(backup.next_segment, self.wal.replayable(reach), self.way, backup.server.segment_bytes, reach)


async def stock_of(archive: Archive, backups: Sequence[BaseBackup]) -> Stock:
    """Read what is stored of the server that these backups are of."""
    server = backups[-1].server
    wal = await archive.wal_of(server.system_id, server.segment_bytes)
    return Stock(backups, wal, await archive.timelines(server.system_id, wal), await archive.covered(server.system_id))


async def stocks(archive: Archive, server: str | None = None) -> Sequence[Stock]:
    """Return the stock of every server, or of the one with this label or system id; NotRestorable when there is none.

    Of servers that had the same label one after the other, only the last is meant unless its system id is given.
    """
    by_server: dict[int, list[BaseBackup]] = {}
    for backup in await archive.backups():
        by_server.setdefault(backup.server.system_id, []).append(backup)
    newest_of = {backups[-1].server.label: system_id for system_id, backups in _by_age(by_server)}
    chosen = {label: system_id for label, system_id in newest_of.items() if server in {None, label}}
    if server is not None and server.isdecimal() and int(server) in by_server:
        chosen = {server: int(server)}
    if not chosen:
        told = f" of a server {server}; there are: {', '.join(newest_of) or 'none'}" if server else ""
        raise NotRestorable(f"There is no whole base backup{told}.")
    return [await stock_of(archive, by_server[system_id]) for system_id in chosen.values()]


def _by_age(by_server: dict[int, list[BaseBackup]]) -> list[tuple[int, list[BaseBackup]]]:
    return sorted(by_server.items(), key=lambda item: item[1][-1].ended_at)


def told_segments(segments: Sequence[Segment], segment_bytes: int) -> str:
    """Return the names of missing segments, the first and the last of many."""
    names = [segment.name(segment_bytes) for segment in segments]
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]} ({len(names)} segments)"
