"""A proxy in front of a server that can lose the server's replies.

A statement that the connection has run before goes out in one message, so it is the reply to the statement itself that is lost.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Self
from urllib.parse import urlsplit


class LosingProxy:
    """Carries bytes both ways."""

    def __init__(self, port: int) -> None:
        self._port, self._losing = port, False

    @contextmanager
    def losing_replies(self) -> Iterator[None]:
        """Meanwhile a reply cuts its connection instead of being carried."""
        self._losing = True
        yield
        self._losing = False

    @classmethod
    @asynccontextmanager
    async def before(cls, dsn: str) -> AsyncIterator[tuple[Self, str]]:
        """Yield a proxy for the server of this DSN, and the DSN that leads through it."""
        port = urlsplit(dsn).port
        assert port is not None
        proxy = cls(port)
        server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        try:
            yield proxy, dsn.replace(f":{port}/", f":{server.sockets[0].getsockname()[1]}/")
        finally:
            server.close()

    async def _serve(self, near: asyncio.StreamReader, caller: asyncio.StreamWriter) -> None:
        far, server = await asyncio.open_connection("127.0.0.1", self._port)
        asking = asyncio.create_task(self._carry(near, server))
        while (reply := await far.read(65_536)) and not self._losing:
            caller.write(reply)
        asking.cancel()
        caller.close()
        server.close()

    @staticmethod
    async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while piece := await source.read(65_536):
            target.write(piece)
        target.close()
