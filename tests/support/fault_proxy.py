"""A proxy in front of a server that does to connections what networks do: cuts, delays and silences them, loses what is said."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Self

_PIECE_BYTES = 65_536


class FaultProxy:
    """Carries bytes both ways between whoever connects to `port` and a server's port on this machine.

    `delay` is how many seconds each piece is held up. While `silent`, nothing is carried and nothing is closed, not even for
    newcomers; what was said meanwhile is carried afterwards, as networks do.
    """

    def __init__(self, target: int) -> None:
        self.target, self.port = target, 0
        self.delay = 0.0
        self._speaking = asyncio.Event()
        self._speaking.set()
        self._bytes_to_lose = 0
        self._ends: set[asyncio.StreamWriter] = set()
        self._links: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def before(cls, target: int, port: int = 0) -> AsyncIterator[Self]:
        """Run a proxy in front of a port; it listens on another, a free one by default."""
        proxy = cls(target)
        server = await asyncio.start_server(proxy._link, "127.0.0.1", port, backlog=1024)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()
            await proxy._close()

    @property
    def silent(self) -> bool:
        """Whether nothing passes."""
        return not self._speaking.is_set()

    @silent.setter
    def silent(self, silent: bool) -> None:
        if silent:
            self._speaking.clear()
        else:
            self._speaking.set()

    def cut(self) -> None:
        """Reset all connections now."""
        for end in tuple(self._ends):
            end.transport.abort()

    def lose_replies(self, count: int) -> None:
        """Lose what the server says next, until so many bytes are lost, and cut each connection on which something was."""
        self._bytes_to_lose = count

    async def _link(self, near: asyncio.StreamReader, caller: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        try:
            with self._end(caller):
                await self._speaking.wait()
                far, server = await asyncio.open_connection("127.0.0.1", self.target)
                with self._end(server):
                    await self._carry_both_ways(near, caller, far, server)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._links.discard(task)

    @contextmanager
    def _end(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        """Close one end of a link when the other is done; reset it when there is no other, or when all is over."""
        self._ends.add(writer)
        try:
            yield
            writer.close()
        except BaseException:
            writer.transport.abort()
            raise
        finally:
            self._ends.discard(writer)

    async def _carry_both_ways(
        self, near: asyncio.StreamReader, caller: asyncio.StreamWriter, far: asyncio.StreamReader, server: asyncio.StreamWriter
    ) -> None:
        asking = asyncio.create_task(self._carry(near, server, replies=False))
        answering = asyncio.create_task(self._carry(far, caller, replies=True))
        try:
            await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (asking, answering):
                task.cancel()
            await asyncio.gather(asking, answering, return_exceptions=True)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, replies: bool) -> None:
        with suppress(OSError):
            while piece := await source.read(_PIECE_BYTES):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self._speaking.wait()
                if replies and self._bytes_to_lose > 0:
                    self._bytes_to_lose -= len(piece)
                    target.transport.abort()
                    return
                target.write(piece)
                await target.drain()

    async def _close(self) -> None:
        links = tuple(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)
