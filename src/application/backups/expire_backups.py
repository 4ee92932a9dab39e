"""Remove what is no longer kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.backups.archive import Archive, base_folder, folder_of, wal_name
from application.ports.clock import Clock
from domain.backups.base import BaseBackup
from domain.backups.retention import Retention, unneeded_wal

_UNFINISHED_FOR: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class ExpireBackups:
    """Old base backups go, and the log that no kept one needs; so do base backups that never became whole."""

    archive: Archive
    clock: Clock
    retention: Retention

    async def execute(self, system_id: int) -> int:
        """Return how many objects were removed. What tells that a backup is whole goes first, the log last."""
        backups, now = await self.archive.backups_of(system_id), self.clock.now()
        kept = self.retention.kept(backups, now)
        bases = await self._bases(system_id, {base_folder(system_id, one.name) for one in set(backups) - set(kept)}, now)
        wal = await self._wal(system_id, kept)
        for names in ([name for name in bases if name.endswith("/about")], bases, wal):
            await self.archive.storage.remove(names)
        return len(bases) + len(wal)

    async def _bases(self, system_id: int, expired: Collection[str], now: datetime) -> list[str]:
        stored = await self.archive.storage.list(f"{system_id}/base")
        whole = {folder_of(one) for one in stored if one.name.endswith("/about")}
        given_up = {folder_of(one) for one in stored if now - one.stored_at > _UNFINISHED_FOR} - whole
        return [one.name for one in stored if folder_of(one) in {*expired, *given_up}]

    async def _wal(self, system_id: int, kept: Sequence[BaseBackup]) -> list[str]:
        if not kept:
            return []
        size = kept[0].server.segment_bytes
        stored = await self.archive.wal_of(system_id, size)
        return [wal_name(system_id, name) for name in unneeded_wal(stored.objects, kept, size)]
