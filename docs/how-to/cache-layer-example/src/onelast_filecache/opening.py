"""What the entry point `file` of the group `onelast.caches` names."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from application.ports.cache import Cache
from onelast_filecache.cache import FileCache
from onelast_filecache.folder import Folder

_SWEEP_SECONDS: Final = 30.0


@asynccontextmanager
async def open_layer(below: Cache | None, options: Mapping[str, str]) -> AsyncIterator[Cache]:
    """Open the cache in the folder ONELAST_CACHE_FILE_FOLDER; ValueError says what is wrong."""
    cache = FileCache(_folder(below, options))
    sweeping = asyncio.create_task(_sweep(cache))
    try:
        yield cache
    finally:
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
        cache.close()


def _folder(below: Cache | None, options: Mapping[str, str]) -> Folder:
    if below is not None:
        raise ValueError("ONELAST_CACHE_LAYERS has a layer after 'file', below which there can be none: it must be the last.")
    unknown = next((name for name in options if name != "folder"), None)
    if unknown is not None:
        raise ValueError(f"ONELAST_CACHE_FILE_{unknown.upper()} is not an option of the layer 'file'; there is only …_FOLDER.")
    if "folder" not in options:
        raise ValueError("ONELAST_CACHE_FILE_FOLDER is not set.")
    try:
        folder = Folder(Path(options["folder"]))
        folder.check()
    except OSError as problem:
        raise ValueError(f"ONELAST_CACHE_FILE_FOLDER cannot be written: {problem.strerror}.") from problem
    return folder


async def _sweep(cache: FileCache) -> None:
    while True:
        with suppress(OSError):
            await cache.sweep()
        await asyncio.sleep(_SWEEP_SECONDS)
