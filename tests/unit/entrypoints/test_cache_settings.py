"""Which layers of cache the settings name, and whose options there are."""

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.caching.no_cache import NoCache
from application.ports.cache import Hit, Lease, Lifetime
from entrypoints.ioc.cache_layers import LayerCounts, open_layers
from entrypoints.settings import Settings, SettingsError, read_settings

REDIS = "redis://127.0.0.1:1"
Offer = Callable[[str, str], None]


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Have an installed package offer a layer of this name at this place."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name: str, place: str) -> None:
        about = tmp_path / f"offers_{name.replace('-', '_')}-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: offers-{name}\nVersion: 1\n")
        (about / "entry_points.txt").write_text(f"[onelast.caches]\n{name} = {place}\n")

    return install


@pytest.mark.parametrize(("said", "layers"), [
    ("none", ()), ("redis", ("redis",)), ("process", ("process",)), (" process , redis,", ("process", "redis")),
])
def test_layers_are_named_from_the_top_down(said: str, layers: tuple[str, ...]) -> None:
    assert read_settings({"ONELAST_CACHE_LAYERS": said}).cache_layers == layers


@pytest.mark.parametrize(("said", "why"), [
    ("process,redis,process", "names 'process' twice"), ("none,redis", "only one of the two"), (",", "names no layer"),
    ("none,none", "only one of the two"), ("redis,process", "it must be the last"), ("Redis", "names 'Redis', which is none of"),
    ("process, memcached", "names 'memcached', which is none of process, redis"),
])
def test_layers_that_make_no_cache_are_refused(said: str, why: str) -> None:
    with pytest.raises(SettingsError, match=f"^ONELAST_CACHE_LAYERS .*{why}.*[.]$"):
        read_settings({"ONELAST_CACHE_LAYERS": said})


@pytest.mark.parametrize("said", ["1048575", "64M", "-1"])
def test_too_little_memory_is_refused(said: str) -> None:
    with pytest.raises(SettingsError, match=r"^ONELAST_CACHE_MEMORY is wrong"):
        read_settings({"ONELAST_CACHE_MEMORY": said})
    assert read_settings({"ONELAST_CACHE_MEMORY": "1048576"}).cache_memory == 1 << 20


def test_options_belong_to_the_layers_that_are_named(offer: Offer) -> None:
    offer("my-disk", "nowhere:open_layer")
    environment = {"ONELAST_CACHE_LAYERS": "process,my-disk", "ONELAST_CACHE_MY_DISK_FOLDER": " /x "}
    assert read_settings(environment).cache_options == {"my_disk_folder": "/x"}
    with pytest.raises(SettingsError, match=r"^ONELAST_CACHE_MY_DISK_FOLDER is not a setting"):
        read_settings({**environment, "ONELAST_CACHE_LAYERS": "process"})
    for stranger in ("ONELAST_CACHE_PROCESS_SIZE", "ONELAST_CACHE_OPTIONS", "ONELAST_CACHE_LAYER"):
        with pytest.raises(SettingsError, match=f"^{stranger} is not a setting"):
            read_settings({**environment, stranger: "1"})


@pytest.mark.parametrize(("layers", "kind"), [
    ((), "NoCache"), (("process",), "MemoryCache"), (("redis",), "RedisCache"), (("process", "redis"), "ProcessLayer"),
])
async def test_the_uppermost_layer_is_what_readers_get(layers: tuple[str, ...], kind: str) -> None:
    counts = LayerCounts([])
    async with open_layers(Settings(redis_url=REDIS, cache_layers=layers), counts) as cache:
        assert type(cache if isinstance(cache, NoCache) else cache._inner).__name__ == kind  # type: ignore[attr-defined]
    assert [counted.layer for counted in counts] == list(layers)


async def test_a_layer_of_another_package_lies_where_it_is_named(offer: Offer, tmp_path: Path) -> None:
    offer("file", "onelast_filecache.opening:open_layer")
    options = {"file_folder": str(tmp_path / "cache"), "filed_folder": "another's"}
    counts = LayerCounts([])
    async with open_layers(Settings(cache_layers=("process", "file"), cache_options=options), counts) as cache:
        found = await cache.read("k")
        assert isinstance(found, Lease)
        assert await cache.fill("k", found.token, b"x", Lifetime(60))
        assert await cache.read("k") == Hit(b"x")
    assert [(counted.layer, counted.hits) for counted in counts] == [("process", 1), ("file", 1)]


@pytest.mark.parametrize(("place", "why"), [
    ("onelast_filecache.opening:open_layer", "ONELAST_CACHE_FILE_FOLDER is not set."),
    ("onelast_filecache.nowhere:open_layer", "cannot be loaded: No module named 'onelast_filecache.nowhere'."),
    ("onelast_filecache.opening:nothing", "cannot be loaded"),
])
async def test_what_is_wrong_with_a_layer_of_another_package_is_told(offer: Offer, place: str, why: str) -> None:
    offer("file", place)
    with pytest.raises(SettingsError, match=why):
        async with open_layers(Settings(cache_layers=("file",)), LayerCounts([])):
            pass
