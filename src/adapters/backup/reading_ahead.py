"""Making the next pieces of a stream while the last ones are used."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

_PIECES: Final = 4


async def ahead(content: AsyncIterator[bytes], pieces: int = _PIECES) -> AsyncIterator[bytes]:
    """Yield the same pieces; a few are made in advance. What the stream raises is raised after the pieces before it."""
    ready: asyncio.Queue[bytes | Exception | None] = asyncio.Queue(pieces)
    making = asyncio.create_task(_make(content, ready))
    try:
        while (piece := await ready.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece
    finally:
        making.cancel()
        with suppress(asyncio.CancelledError):
            await making


async def _make(content: AsyncIterator[bytes], ready: asyncio.Queue[bytes | Exception | None]) -> None:
    end: Exception | None = None
    try:
        async for piece in content:
            await ready.put(piece)
    except Exception as failure:  # noqa: BLE001  (it is raised where the pieces are used)
        end = failure
    await ready.put(end)
