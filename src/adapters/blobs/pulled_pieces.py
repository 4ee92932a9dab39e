"""An asynchronous iterator's pieces, for a thread."""

import asyncio
from collections.abc import AsyncIterator


class PulledPieces:
    """Iterated over by a thread; each piece is made in the loop that the iterator belongs to."""

    def __init__(self, content: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self._content, self._loop, self._given_up = content, loop, False

    def __iter__(self) -> "PulledPieces":
        return self

    def __next__(self) -> bytes:
        piece = None if self._given_up else asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        if self._given_up:
            raise OSError("nobody waits for this stream any more")
        if piece is None:
            raise StopIteration
        return piece

    def give_up(self) -> None:
        """Let the next piece be an error: what is half stored then does not count."""
        self._given_up = True

    async def _next(self) -> bytes | None:
        return await anext(self._content, None)
