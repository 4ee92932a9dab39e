"""Store a server's log while it is written."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from application.backups.archive import Archive, one_piece, wal_name
from application.ports.backup_source import Progress, WalFeed
from domain.backups.base import Covered
from domain.backups.retention import superseded
from domain.backups.wal import partial_name

_MOST_SAMPLES: Final = 1_000


@dataclass(frozen=True, slots=True)
class ShipWal:
    """Whole segments are stored once and then released; of the unfinished one what there is, every few seconds."""

    archive: Archive
    pause: float

    async def execute(self, feed: WalFeed, system_id: int, segment_bytes: int) -> None:
        """Ship until this task is cancelled; BackupProblem when the feed or the storage fails, and nothing is lost by that."""
        shipment = _Shipment(self.archive, feed, system_id, segment_bytes)
        while True:
            await shipment.go_on()
            await asyncio.sleep(self.pause)


class _Shipment:
    def __init__(self, archive: Archive, feed: WalFeed, system_id: int, segment_bytes: int) -> None:
        self._archive, self._feed, self._system_id, self._segment_bytes = archive, feed, system_id, segment_bytes
        self._samples: deque[Progress] = deque(maxlen=_MOST_SAMPLES)
        self._histories: set[str] = set()
        self._partials: dict[str, int] = {}
        self._surplus: set[str] | None = None

    async def go_on(self) -> None:
        """Ship what has come. What the server said before the files were read is in them."""
        progress = await self._feed.progress()
        self._samples.append(progress)
        received = self._feed.received()
        for name in received.histories:
            await self._ship_history(name)
        for name in received.segments:
            await self._ship(name, await self._feed.read(name))
            await self._feed.release(name)
            self._replaced(name, self._segment_bytes)
        for name in received.unfinished:
            await self._ship_beginning(name)
        await self._note(progress.received)
        await self._clean()

    async def _ship(self, name: str, content: bytes) -> None:
        await self._archive.storage.put(wal_name(self._system_id, name), one_piece(content))

    async def _ship_history(self, name: str) -> None:
        if name not in self._histories:
            await self._ship(name, await self._feed.read(name))
            self._histories.add(name)

    async def _ship_beginning(self, name: str) -> None:
        content = await self._feed.read(name)
        if len(content) > self._partials.get(name, 0):
            await self._ship(partial_name(name, len(content)), content)
            self._replaced(name, len(content))

    def _replaced(self, segment: str, length: int) -> None:
        """Remember that the beginning that was stored last is surplus now."""
        before = self._partials.pop(segment, 0)
        if before and self._surplus is not None:
            self._surplus.add(partial_name(segment, before))
        if length < self._segment_bytes:
            self._partials[segment] = length

    async def _note(self, received: int) -> None:
        """Note the latest moment up to which everything that the server had flushed has come, and so is stored."""
        reached = None
        while self._samples and self._samples[0].flushed <= received:
            reached = self._samples.popleft()
        if reached is not None:
            await self._archive.note_covered(self._system_id, Covered(reached.at, reached.flushed))

    async def _clean(self) -> None:
        """Remove shorter beginnings of what is stored by now; at first those that others left."""
        if self._surplus is None:
            self._surplus = set(superseded((await self._archive.wal_of(self._system_id, self._segment_bytes)).objects))
        await self._archive.storage.remove([wal_name(self._system_id, name) for name in self._surplus])
        self._surplus.clear()
