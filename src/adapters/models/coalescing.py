"""Fewer reads of many streams: the more are under way, the more of each is read at once, as network cards moderate interrupts.

What a token costs is mostly being woken for it, here and in everything behind: a read, an entry of the log, a write to each
viewer, and their own reads. A stream that rests a little between two reads has several tokens carried for the price of one.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp

_EACH: Final = 0.004
_LEAST: Final = 0.08
# Streams wake together, a few at a time: all at once would hold up the requests between them.
_GRID: Final = 0.01


class Coalescing:
    """Streams of one process. Each rests between two reads for four milliseconds per stream under way, at most `most` seconds.

    Few streams do not rest: text is as fast as it comes until twenty are under way. The first text never rests.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._streams = 0
        self._resting: dict[int, list[asyncio.Future[None]]] = {}

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count a stream as under way."""
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    async def rest(self, answer: aiohttp.ClientResponse) -> None:
        """Read nothing of the answer for a while, so that it stays where it is: in the socket."""
        pause, connection = min(self._most, _EACH * self._streams), answer.connection
        transport = connection.transport if connection is not None else None
        if pause < _LEAST or transport is None or transport.is_closing():
            return
        transport.pause_reading()
        try:
            await self._sleep(pause)
        finally:
            if not transport.is_closing():
                transport.resume_reading()

    async def _sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        place = round((loop.time() + seconds) / _GRID)
        resting = self._resting.get(place)
        if resting is None:
            resting = self._resting[place] = []
            loop.call_at(place * _GRID, self._wake, place)
        woken = loop.create_future()
        resting.append(woken)
        await woken

    def _wake(self, place: int) -> None:
        for woken in self._resting.pop(place):
            if not woken.done():
                woken.set_result(None)
