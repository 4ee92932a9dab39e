"""What the upstream's first word takes by itself: asked now and then past the server, while it is under the same load."""

import asyncio
from typing import Final, cast

from bench.load.http_line import connect
from bench.load.world import World
from bench.wire import request

_EVERY: Final = 0.25
_WORD: Final = b'"delta":{"content"'


class Probe:
    """Asks for a reply, and asks again when it has come to its end."""

    def __init__(self, world: World, address: tuple[str, int], model: str) -> None:
        self._world, self._address = world, address
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "Say fifty words."}]}
        self._request = request("POST", "/v1/chat/completions", body)

    def begin(self) -> None:
        """Ask, and go on until the world ends."""
        if not self._world.closing:
            line = _ProbeLine(self._world, self._request)
            connect(self._world.loop, self._address, line, lambda: None)
            self._world.loop.call_later(_EVERY, self.begin)


class _ProbeLine(asyncio.Protocol):
    """The connection is made first and does not count, for the server keeps its own."""

    def __init__(self, world: World, data: bytes) -> None:
        self._world, self._data, self._asked_at = world, data, 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._asked_at = self._world.now()
        self._transport.write(self._data)

    def data_received(self, data: bytes) -> None:
        if _WORD in data:
            self._world.notes.time("bare", self._world.now() - self._asked_at)
            self._transport.abort()
