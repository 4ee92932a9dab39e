"""All that this process listens to, on one connection of its own."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from adapters.redis.places import place_of
from adapters.redis.resp import RespConnection, connect
from domain.shared.errors import Unavailable

Hear = Callable[[bytes], None]
_PAUSE_SECONDS: Final = 0.2
_log = logging.getLogger(__name__)


class Subscription:
    """Channels with one listener each.

    After a broken connection it subscribes anew, and tells `restored` of each channel once it is heard again: messages were lost.
    A server that shows no sign of life for `patience` seconds is left: another one may be the master by now.
    """

    def __init__(self, url: str, *, patience: float = 1.0) -> None:
        self._place, self._patience = place_of(url, patience=patience), patience
        self._alive = False
        self._connection: RespConnection | None = None
        self._listeners: dict[bytes, Hear] = {}
        self._confirming: dict[bytes, asyncio.Future[None]] = {}
        self._keeping: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._lost_channels: set[bytes] = set()
        self.restored: Callable[[bytes], None] = lambda _: None

    async def add(self, channel: bytes, hear: Hear) -> None:
        """Listen to a channel, and return when nothing that is published from now on will be missed; Unavailable."""
        self._listeners[channel] = hear
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep())
        try:
            async with asyncio.timeout(self._patience):
                await self._connected.wait()
                confirmed = self._confirming.get(channel)
                if confirmed is None:
                    confirmed = self._confirming[channel] = asyncio.get_running_loop().create_future()
                    self._send("SUBSCRIBE", channel)
                await asyncio.shield(confirmed)
        except (TimeoutError, ConnectionError) as failure:
            raise Unavailable("The Redis or Valkey server cannot be reached.") from failure

    def hears(self, channel: bytes) -> bool:
        """Tell whether what is published to it is heard now."""
        confirmed = self._confirming.get(channel)
        return self._connection is not None and confirmed is not None and confirmed.done()

    def remove(self, channel: bytes) -> None:
        """Listen to it no longer."""
        if self._listeners.pop(channel, None) is not None:
            self._confirming.pop(channel, None)
            self._lost_channels.discard(channel)
            self._send("UNSUBSCRIBE", channel)

    async def close(self) -> None:
        """Close the connection."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
        if self._connection is not None:
            self._connection.abort()

    def _send(self, word: str, *channels: bytes) -> None:
        if self._connection is not None and channels:
            self._connection.send((word, *channels))

    async def _keep(self) -> None:
        """Have a connection, again and again."""
        while True:
            broken = asyncio.Event()
            try:
                url = await self._place.locate()
                self._connection = await connect(url, self._heard, broken.set, patience=self._patience)
            except OSError:
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            self._confirming |= {name: asyncio.get_running_loop().create_future() for name in self._listeners}
            self._send("SUBSCRIBE", *self._listeners)
            self._connected.set()
            await self._watch(self._connection, broken)
            self._lost()

    async def _watch(self, connection: RespConnection, broken: asyncio.Event) -> None:
        """Return when the connection is broken; break it when nothing comes though the server was asked for something."""
        while not broken.is_set():
            self._alive = False
            connection.send(("PING",))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    await broken.wait()
            if not self._alive:
                connection.abort()
                await broken.wait()

    def _lost(self) -> None:
        _log.warning("the connection that listens to Redis or Valkey broke")
        self._connection = None
        self._connected.clear()
        self._lost_channels |= self._listeners.keys()
        confirming, self._confirming = self._confirming, {}
        for future in confirming.values():
            if not future.done():
                future.set_exception(ConnectionResetError())
                future.exception()

    def _heard(self, reply: Any) -> None:
        self._alive = True
        match reply:
            case [b"message", channel, payload]:
                hear = self._listeners.get(channel)
                if hear is not None:
                    hear(payload)
            case [b"subscribe", channel, _]:
                confirmed = self._confirming.get(channel)
                if confirmed is not None and not confirmed.done():
                    confirmed.set_result(None)
                if channel in self._lost_channels:
                    self._lost_channels.discard(channel)
                    self.restored(channel)
