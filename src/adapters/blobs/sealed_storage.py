"""A storage in front of another: what is stored is compressed and encrypted."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence

from adapters.blobs.sealing import Opener, Sealer
from application.ports.backup_storage import BackupStorage, StoredObject


class SealedStorage(BackupStorage):
    """Names and sizes stay in sight; everything else can be read with the key alone."""

    def __init__(self, inner: BackupStorage, key: bytes) -> None:
        self._inner, self._key = inner, key

    async def put(self, name: str, content: AsyncIterator[bytes]) -> None:
        """Seal and store."""
        await self._inner.put(name, _sealed(Sealer(self._key, name), content))

    def get(self, name: str) -> AsyncIterator[bytes]:
        """Yield the plain pieces; a piece is yielded only when its tag was right."""
        return _opened(Opener(self._key, name), self._inner.get(name))

    async def list(self, prefix: str) -> Sequence[StoredObject]:
        """Return the inner storage's list."""
        return await self._inner.list(prefix)

    async def remove(self, names: Collection[str]) -> None:
        """Remove from the inner storage."""
        await self._inner.remove(names)


async def _sealed(sealer: Sealer, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in content:
        sealed = await asyncio.to_thread(sealer.update, piece)
        if sealed:
            yield sealed
    yield await asyncio.to_thread(sealer.finish)


async def _opened(opener: Opener, stored: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in stored:
        async for plain in _in_thread(opener.update(piece)):
            yield plain
    async for plain in _in_thread(opener.finish()):
        yield plain


async def _in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        if piece:
            yield piece
