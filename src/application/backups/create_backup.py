"""Make a base backup of a server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from application.backups.archive import Archive, base_folder
from application.ports.backup_source import BackupSource
from domain.backups.base import BaseBackup


@dataclass(frozen=True, slots=True)
class CreateBackup:
    """Streams a base backup into the storage; it counts when all of it is there."""

    archive: Archive

    async def execute(self, source: BackupSource) -> BaseBackup:
        """Return the new backup; BackupProblem, and then nothing of it counts."""
        facts, began = await source.describe(), await source.now()
        name, counted = f"{began:%Y%m%dT%H%M%S%fZ}", _Counted()
        async with source.read_base() as stream:
            await self.archive.storage.put(f"{base_folder(facts.system_id, name)}/data", counted.passing(stream.content()))
            bounds = stream.bounds()
        backup = BaseBackup(name, facts, bounds.timeline, bounds.start, bounds.stop, began, await source.now(), counted.size)
        await self.archive.add_backup(backup)
        return backup


class _Counted:
    def __init__(self) -> None:
        self.size = 0

    async def passing(self, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in content:
            self.size += len(piece)
            yield piece
