"""The example of docs/how-to/write-a-cache-layer.md keeps the port's contract."""

import fcntl
import os
from pathlib import Path

import pytest
from onelast_filecache.cache import FileCache
from onelast_filecache.folder import Folder
from onelast_filecache.opening import open_layer

from adapters.memory.clock import HandClock
from application.ports.cache import Hit, Lifetime, Miss
from domain.shared.errors import Unavailable
from tests.contracts.ports.cache import CacheSuite, PassTime, fill, leased


def files(folder: Path, *, locks: bool) -> list[Path]:
    """Return the entries, or the locks."""
    return [file for file in folder.iterdir() if (file.suffix == ".lock") == locks]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def cache(tmp_path: Path, clock: HandClock) -> FileCache:
    return FileCache(Folder(tmp_path), now=clock.monotonic)


class TestFileCache(CacheSuite):
    """The cache in a folder."""

    @pytest.fixture
    def pass_time(self, clock: HandClock) -> PassTime:
        async def advance(seconds: float) -> None:
            clock.advance(seconds)

        return advance


@pytest.fixture
def other(tmp_path: Path, cache: FileCache, clock: HandClock) -> FileCache:
    """What another process of the machine has."""
    return FileCache(Folder(tmp_path), now=clock.monotonic)


async def test_processes_share_values_leases_and_invalidations(cache: FileCache, other: FileCache) -> None:
    token = await leased(cache, "k")
    assert await other.read("k") is Miss.FILLING
    assert await cache.fill("k", token, b"x", Lifetime(60))
    assert await other.read("k") == Hit(b"x")
    await other.invalidate(["k"])
    late = await leased(cache, "k")
    assert await other.fill("k", token, b"old", Lifetime(60)) is None
    assert await other.fill("k", late, b"new", Lifetime(60))


async def test_what_is_over_is_swept_away_and_nothing_else(cache: FileCache, clock: HandClock, tmp_path: Path) -> None:
    for key, lifetime in (("short", 5), ("long", 60)):
        await fill(cache, key, key.encode(), lifetime)
    (tmp_path / "00aa.new").write_bytes(b"half writ")
    clock.advance(6)
    token = await leased(cache, "leased")
    await cache.sweep()
    assert len(files(tmp_path, locks=False)) == 2
    assert await cache.read("long") == Hit(b"long")
    assert await cache.fill("leased", token, b"x", Lifetime(60))


async def test_a_file_that_is_no_entry_is_as_good_as_none(cache: FileCache, tmp_path: Path) -> None:
    await fill(cache, "k", b"x")
    [file] = files(tmp_path, locks=False)
    file.write_bytes(b"half")
    await fill(cache, "k", b"new")
    assert await cache.read("k") == Hit(b"new")


async def test_nobody_else_may_read_the_folder_and_no_name_in_it_tells_a_key(tmp_path: Path) -> None:
    folder = tmp_path / "deeper" / "cache"
    await fill(FileCache(Folder(folder)), "session:secret", b"x")
    assert folder.stat().st_mode & 0o077 == 0
    assert not [file for file in files(folder, locks=False) if "secret" in file.name]


async def test_a_lock_that_a_frozen_process_holds_keeps_nobody_for_long(cache: FileCache, tmp_path: Path) -> None:
    await fill(cache, "k", b"x")
    [lock] = files(tmp_path, locks=True)
    handle = os.open(lock, os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert await cache.read("k") == Hit(b"x")
    with pytest.raises(Unavailable):
        await cache.invalidate(["k"])
    os.close(handle)
    await cache.invalidate(["k"])
    assert await leased(cache, "k")


@pytest.fixture
def orphan(cache: FileCache, tmp_path: Path) -> FileCache:
    """A cache whose folder somebody has removed."""
    tmp_path.rmdir()
    return cache


async def test_a_folder_that_is_gone_is_an_outage(orphan: FileCache) -> None:
    assert await orphan.read("k") is Miss.AWAY
    assert await orphan.fill("k", "token", b"x", Lifetime(60)) is None
    heard: list[str] = []
    orphan.listen(heard.extend)
    with pytest.raises(Unavailable):
        await orphan.invalidate(["k"])
    with pytest.raises(Unavailable):
        await orphan.ping()
    assert heard == ["k"]


@pytest.mark.parametrize(("options", "named"), [
    ({}, "ONELAST_CACHE_FILE_FOLDER is not set."),
    ({"folder": "/proc/cache"}, "ONELAST_CACHE_FILE_FOLDER cannot be written"),
    ({"folder": "cache", "size": "1"}, "ONELAST_CACHE_FILE_SIZE is not an option"),
])
async def test_a_wrong_option_is_named(options: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        await open_layer(None, options).__aenter__()


async def test_nothing_can_lie_below_it(cache: FileCache, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be the last"):
        await open_layer(cache, {"folder": str(tmp_path)}).__aenter__()
