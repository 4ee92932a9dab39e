"""A proxy in front of a server that can lose the server's replies, when the statement has been run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self
from urllib.parse import urlsplit


class LosingProxy:
    """Carries bytes both ways; with `losing` a reply cuts its connection instead of being carried."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.losing = False
        self.lost = asyncio.Event()

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
        while (reply := await far.read(65_536)) and not self.losing:
            caller.write(reply)
        if self.losing:
            self.lost.set()
        asking.cancel()
        caller.close()
        server.close()

    @staticmethod
    async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while piece := await source.read(65_536):
            target.write(piece)
        target.close()
