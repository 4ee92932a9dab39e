"""Read a backup back, all of it, and name each fault."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.backups.archive import Archive, data_name, wal_name
from application.backups.stock import Stock, stocks, told_segments
from application.ports.recovery import ArchiveInspector
from domain.backups.base import BaseBackup
from domain.backups.problems import ObjectDamaged, ObjectMissing, WrongKey
from domain.backups.wal import parse_partial

_FAULTS = (ObjectDamaged, ObjectMissing, WrongKey)


@dataclass(frozen=True, slots=True)
class Verification:
    """One server's backups that were read, how much of the log, and every fault in a sentence."""

    stock: Stock
    read: Sequence[BaseBackup]
    segments: int
    faults: Sequence[str]


@dataclass(frozen=True, slots=True)
class VerifyBackup:
    """Decrypts everything, compares files with the manifest, and looks whether the log has a gap."""

    archive: Archive
    inspector: ArchiveInspector

    async def execute(self, server: str | None = None, *, every: bool = False) -> list[Verification]:
        """Return what was found of each server: its newest base backup, or all, and all of the log since."""
        return [await self._verify(stock, every=every) for stock in await stocks(self.archive, server)]

    async def _verify(self, stock: Stock, *, every: bool) -> Verification:
        read = stock.backups if every else stock.backups[-1:]
        faults = [fault for backup in read for fault in await self._faults_of(backup)]
        first = read[0].first_segment.number
        names = [name for segment, name in stock.wal.segments().items() if segment.number >= first]
        for name in names:
            faults += await self._faults_of_segment(stock, name)
        gaps = stock.gaps(read[0])
        if gaps:
            faults.append(f"The log has a gap: {told_segments(gaps, stock.wal.segment_bytes)} missing.")
        return Verification(stock, read, len(names), faults)

    async def _faults_of(self, backup: BaseBackup) -> list[str]:
        name = data_name(backup)
        try:
            return [f"{name}: {fault}." for fault in await self.inspector.faults(self.archive.storage.get(name))]
        except _FAULTS as problem:
            return [str(problem)]

    async def _faults_of_segment(self, stock: Stock, name: str) -> list[str]:
        length, partial = 0, parse_partial(name)
        try:
            async for piece in self.archive.storage.get(wal_name(stock.system_id, name)):
                length += len(piece)
        except _FAULTS as problem:
            return [str(problem)]
        wanted = partial[1] if partial else stock.wal.segment_bytes
        return [] if length == wanted else [f"{wal_name(stock.system_id, name)} has {length} bytes and not {wanted}."]
