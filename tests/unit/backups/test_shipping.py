"""The log is released only when it is stored, and what is noted as stored is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest
from obstore.store import MemoryStore

from adapters.blobs.object_storage import ObjectStorage
from application.backups.archive import Archive
from application.backups.ship_wal import ShipWal
from application.ports.backup_source import Progress, Received, WalFeed
from domain.backups.base import Covered
from domain.backups.problems import TargetAway
from domain.backups.wal import Segment
from tests.unit.backups.builders import NOON, SEGMENT

ONE, TWO = Segment(1, 1).name(SEGMENT), Segment(2, 1).name(SEGMENT)


class WrittenFeed(WalFeed):
    """A server's log as the test writes it; `script` says what the server has flushed, and what has come, at each look."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.unfinished: dict[str, bytes] = {}
        self.released: list[str] = []
        self.script: list[tuple[int, int]] = [(SEGMENT, SEGMENT)]
        self.looks = 0

    @property
    def begins_anew(self) -> bool:
        return False

    async def progress(self) -> Progress:
        flushed, arrived = self.script[min(self.looks, len(self.script) - 1)]
        self.looks += 1
        return Progress(NOON + timedelta(seconds=self.looks), flushed, arrived)

    def received(self) -> Received:
        return Received(sorted(self.files), sorted(self.unfinished), [])

    async def read(self, name: str) -> bytes:
        return self.files.get(name) or self.unfinished[name]

    async def release(self, segment: str) -> None:
        self.released.append(segment)
        del self.files[segment]


class FullStorage(ObjectStorage):
    """Takes nothing while it is full."""

    full = False

    def __init__(self) -> None:
        super().__init__(MemoryStore(), "memory")
        self.puts: list[str] = []

    async def put(self, name: str, content: AsyncIterator[bytes]) -> None:
        if self.full:
            raise TargetAway("It is full.")
        self.puts.append(name)
        await super().put(name, content)


@pytest.fixture
def storage() -> FullStorage:
    return FullStorage()


async def ship(feed: WrittenFeed, storage: FullStorage, looks: int = 3) -> None:
    """Let it look so many times, and do all that it does then."""
    task = asyncio.create_task(ShipWal(Archive(storage), 0.01).execute(feed, 7, SEGMENT))
    until = feed.looks + looks
    while not task.done() and feed.looks <= until:  # noqa: ASYNC110
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def names(storage: FullStorage) -> list[str]:
    return [one.name.removeprefix("7/wal/") for one in await storage.list("7/wal")]


async def test_a_whole_segment_is_stored_and_then_released(storage: FullStorage) -> None:
    feed = WrittenFeed()
    feed.files[ONE] = b"x" * SEGMENT
    await ship(feed, storage)
    assert (await names(storage), feed.released) == ([ONE], [ONE])


async def test_what_could_not_be_stored_is_not_released(storage: FullStorage) -> None:
    feed, storage.full = WrittenFeed(), True
    feed.files[ONE] = b"x" * SEGMENT
    with pytest.raises(TargetAway):
        await ship(feed, storage)
    assert feed.released == []
    assert await Archive(storage).covered(7) is None


async def test_of_an_unfinished_segment_the_longest_beginning_stays_until_the_whole_is_there(storage: FullStorage) -> None:
    feed = WrittenFeed()
    feed.unfinished[TWO] = b"a" * 10
    await ship(feed, storage)
    feed.unfinished[TWO] = b"a" * 20
    await ship(feed, storage)
    assert await names(storage) == [f"{TWO}.partial-00000014"]
    feed.files[TWO] = b"a" * SEGMENT
    feed.unfinished.clear()
    await ship(feed, storage)
    assert await names(storage) == [TWO]


async def test_a_beginning_that_does_not_grow_is_not_stored_again(storage: FullStorage) -> None:
    feed = WrittenFeed()
    feed.unfinished[TWO] = b"a" * 10
    await ship(feed, storage, looks=5)
    assert storage.puts.count(f"7/wal/{TWO}.partial-0000000A") == 1


@pytest.mark.parametrize(("script", "noted"), [
    ([(500, 100)], None),
    ([(500, 100), (900, 500)], (1, 500)),
    ([(500, 100), (900, 899)], (1, 500)),
    ([(500, 100), (900, 900), (1_000, 900)], (2, 900)),
])
async def test_a_moment_is_noted_when_all_that_the_server_had_flushed_by_then_has_come(
    storage: FullStorage, script: list[tuple[int, int]], noted: tuple[int, int] | None
) -> None:
    feed = WrittenFeed()
    feed.script = script
    await ship(feed, storage, looks=len(script))
    covered = await Archive(storage).covered(7)
    assert covered == (None if noted is None else Covered(NOON + timedelta(seconds=noted[0]), noted[1]))
