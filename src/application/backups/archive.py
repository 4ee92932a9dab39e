"""What lies where in the storage: per server its base backups, its log, and how far that reaches.

- `<system id>/base/<moment>/data`, a tar archive, and `about`, stored last: with it the backup is whole
- `<system id>/wal/<segment>`, `<segment>.partial-<length>`, `<timeline>.history`
- `<system id>/covered`: all that was committed before this moment is stored
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from application.ports.backup_storage import BackupStorage, StoredObject
from domain.backups.base import BaseBackup, Covered, Holding, ServerFacts
from domain.backups.problems import ObjectDamaged, ObjectMissing
from domain.backups.timelines import Timelines
from domain.backups.wal import HISTORY_NAME, SEGMENT_NAME, Segment, parse_partial


@dataclass(frozen=True, slots=True)
class StoredWal:
    """The log's files that are stored: name → size as stored."""

    objects: dict[str, StoredObject]
    segment_bytes: int

    def segments(self) -> dict[Segment, str]:
        """Return the best file of each segment: the whole one, else its longest beginning."""
        best: dict[Segment, tuple[int, str]] = {}
        for name in self.objects:
            segment, length = (name, self.segment_bytes + 1) if SEGMENT_NAME.fullmatch(name) else parse_partial(name) or ("", 0)
            if segment:
                key = Segment.parse(segment, self.segment_bytes)
                best[key] = max(best.get(key, (-1, "")), (length, name))
        return {segment: name for segment, (_, name) in sorted(best.items())}

    def replayable(self, reach: int = 0) -> Sequence[Segment]:
        """Return the segments that the log goes on from: whole ones, and the newest as far as it has come.

        Of a segment that was noted as stored to its end (`reach` lies behind it) the beginning alone does not count.
        """
        found = self.segments()
        newest = max((segment.number for segment in found), default=0)
        return [
            segment for segment, name in found.items()
            if SEGMENT_NAME.fullmatch(name) or (segment.number == newest and reach < segment.end(self.segment_bytes))
        ]

    def histories(self) -> Sequence[str]:
        """Return the names of the timelines' histories, the newest last."""
        return sorted(name for name in self.objects if HISTORY_NAME.fullmatch(name))


@dataclass(frozen=True, slots=True)
class Archive:
    """Reads and writes the storage in the words of backups."""

    storage: BackupStorage

    async def backups(self) -> Sequence[BaseBackup]:
        """Return all whole base backups of all servers, oldest first."""
        return await self._backups_in("")

    async def backups_of(self, system_id: int) -> Sequence[BaseBackup]:
        """Return the whole base backups of one server, oldest first."""
        return await self._backups_in(f"{system_id}/base")

    async def _backups_in(self, folder: str) -> Sequence[BaseBackup]:
        about = [one.name for one in await self.storage.list(folder) if one.name.endswith("/about")]
        return sorted([_backup_of(name, await self._json(name)) for name in about], key=lambda backup: backup.ended_at)

    async def wal_of(self, system_id: int, segment_bytes: int) -> StoredWal:
        """Return what is stored of a server's log."""
        listed = await self.storage.list(f"{system_id}/wal")
        return StoredWal({one.name.rpartition("/")[2]: one for one in listed}, segment_bytes)

    async def timelines(self, system_id: int, wal: StoredWal) -> Timelines:
        """Return the way to the newest timeline that the stored log knows of."""
        newest = max((segment.timeline for segment in wal.segments()), default=1)
        histories = wal.histories()
        if not histories:
            return Timelines(newest)
        text = b"".join([piece async for piece in self.storage.get(wal_name(system_id, histories[-1]))])
        return Timelines.parse(int(histories[-1][:8], 16), text.decode())

    async def covered(self, system_id: int) -> Covered | None:
        """Return how far the stored log reaches, as far as it was noted."""
        try:
            noted = await self._json(f"{system_id}/covered")
        except ObjectMissing:
            return None
        return Covered(datetime.fromisoformat(noted["at"]), noted["lsn"])

    async def note_covered(self, system_id: int, covered: Covered) -> None:
        """Store how far the stored log reaches."""
        await self.store_json(f"{system_id}/covered", {"at": covered.at.isoformat(), "lsn": covered.lsn})

    async def add_backup(self, backup: BaseBackup) -> None:
        """Store what is known of a backup whose data are stored: with that it is whole."""
        told = asdict(backup) | {"began_at": backup.began_at.isoformat(), "ended_at": backup.ended_at.isoformat()}
        await self.store_json(f"{base_folder(backup.server.system_id, backup.name)}/about", told)

    async def store_json(self, name: str, value: object) -> None:
        """Store a value under a name."""
        await self.storage.put(name, one_piece(json.dumps(value).encode()))

    async def _json(self, name: str) -> dict[str, Any]:
        text = b"".join([piece async for piece in self.storage.get(name)])
        try:
            found: dict[str, Any] = json.loads(text)
        except ValueError:
            raise ObjectDamaged(f"{name} is damaged: it is no JSON.") from None
        return found


def base_folder(system_id: int, name: str) -> str:
    """Return the folder of a base backup."""
    return f"{system_id}/base/{name}"


def folder_of(stored: StoredObject) -> str:
    """Return the folder in which an object lies."""
    return stored.name.rpartition("/")[0]


def data_name(backup: BaseBackup) -> str:
    """Return the name of a base backup's tar archive."""
    return f"{base_folder(backup.server.system_id, backup.name)}/data"


def wal_name(system_id: int, name: str) -> str:
    """Return the name of a file of the log."""
    return f"{system_id}/wal/{name}"


async def one_piece(content: bytes) -> AsyncIterator[bytes]:
    """Yield the whole content at once."""
    yield content


def _backup_of(name: str, told: dict[str, Any]) -> BaseBackup:
    try:
        server = told.pop("server")
        holdings = tuple(Holding(**one) for one in server.pop("holdings"))
        began, ended = (datetime.fromisoformat(told.pop(key)) for key in ("began_at", "ended_at"))
        return BaseBackup(server=ServerFacts(holdings=holdings, **server), began_at=began, ended_at=ended, **told)
    except (KeyError, TypeError, ValueError):
        raise ObjectDamaged(f"{name} does not tell what a base backup is; another release may have written it.") from None
