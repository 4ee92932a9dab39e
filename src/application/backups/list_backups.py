"""Tell what is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.backups.archive import Archive
from application.backups.stock import Stock, stocks


@dataclass(frozen=True, slots=True)
class ListBackups:
    """Base backups and log of each server."""

    archive: Archive

    async def execute(self, server: str | None = None) -> Sequence[Stock]:
        """Return the stock of each server, or of one; NotRestorable when there is none."""
        return await stocks(self.archive, server)
