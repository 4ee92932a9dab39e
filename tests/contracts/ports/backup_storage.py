"""What every storage of backups does. The fixture: `storage`, empty."""

from collections.abc import AsyncIterator

import pytest

from application.ports.backup_storage import BackupStorage
from domain.backups.problems import ObjectMissing

MIB = 1 << 20


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    """Yield the pieces."""
    for piece in content:
        yield piece


async def breaking() -> AsyncIterator[bytes]:
    """Yield a piece, and then fail."""
    yield b"x" * MIB
    raise RuntimeError("the source broke")


async def content_of(storage: BackupStorage, name: str) -> bytes:
    """Return a whole stream."""
    return b"".join([piece async for piece in storage.get(name)])


class BackupStorageSuite:
    async def test_what_was_stored_comes_back(self, storage: BackupStorage) -> None:
        await storage.put("7/wal/one", pieces(b"ab", b"", b"c"))
        assert await content_of(storage, "7/wal/one") == b"abc"

    async def test_an_empty_stream_is_stored_too(self, storage: BackupStorage) -> None:
        await storage.put("empty", pieces())
        assert await content_of(storage, "empty") == b""

    async def test_a_stream_of_many_parts_comes_back(self, storage: BackupStorage) -> None:
        many = [bytes([number]) * MIB for number in range(70)]
        await storage.put("7/base/noon/data", pieces(*many))
        assert await content_of(storage, "7/base/noon/data") == b"".join(many)

    async def test_storing_again_replaces(self, storage: BackupStorage) -> None:
        await storage.put("one", pieces(b"old and long"))
        await storage.put("one", pieces(b"new"))
        assert await content_of(storage, "one") == b"new"

    async def test_a_stream_that_breaks_stores_nothing(self, storage: BackupStorage) -> None:
        await storage.put("kept", pieces(b"as it was"))
        for name in ("kept", "new"):
            with pytest.raises(Exception, match="broke"):
                await storage.put(name, breaking())
        assert [one.name for one in await storage.list("")] == ["kept"]
        assert await content_of(storage, "kept") == b"as it was"

    async def test_what_is_not_there_is_missing_by_name(self, storage: BackupStorage) -> None:
        with pytest.raises(ObjectMissing, match="7/wal/none"):
            await content_of(storage, "7/wal/none")

    async def test_a_folder_is_listed_in_order_and_without_its_namesakes(self, storage: BackupStorage) -> None:
        for name in ("7/wal/b", "7/wal/a", "7/walrus", "7/base/x/about", "70/wal/a"):
            await storage.put(name, pieces(b"content"))
        assert [one.name for one in await storage.list("7/wal")] == ["7/wal/a", "7/wal/b"]
        assert [one.name for one in await storage.list("7")] == ["7/base/x/about", "7/wal/a", "7/wal/b", "7/walrus"]
        assert len(await storage.list("")) == 5
        assert await storage.list("nothing") == []

    async def test_removed_objects_are_gone_and_missing_ones_hold_nothing_up(self, storage: BackupStorage) -> None:
        for name in ("a", "b", "c"):
            await storage.put(name, pieces(b"content"))
        await storage.remove(["a", "none", "c"])
        assert [one.name for one in await storage.list("")] == ["b"]
        await storage.remove([])
