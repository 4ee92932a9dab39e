"""Copies of cached values in nodes' memory: who has one is told of its end, and says that it has forgotten it.

A write is acknowledged when every copy is gone: forgotten, or so old that its node may not answer with it any more. It is
directory-based coherence (Censier and Feautrier 1978) with leases for nodes that fail (Gray and Cheriton 1989).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from secrets import token_hex
from typing import Final

from adapters.redis.subscription import Subscription
from application.ports.cache import REMEMBERED_SECONDS, Forget
from domain.shared.errors import Unavailable

Copy = tuple[bytes, bytes]
Publish = Callable[[bytes, bytes], None]
_REST_SECONDS: Final = 1.0


class Recall:
    """The end of copies elsewhere: `tag` is what their nodes are told before the key's name."""

    def __init__(self, node: str, number: bytes) -> None:
        self.tag = f"forget {node} {number.decode()} "
        self._gone: set[Copy] = set()
        self._heard = asyncio.Event()

    def forgotten(self, copy: Copy) -> None:
        """Note that a node has forgotten a key."""
        self._gone.add(copy)
        self._heard.set()

    async def wait(self, copies: Mapping[Copy, float]) -> None:
        """Return when all copies are forgotten, or have lived for as long as they might (a clock that was set aside)."""
        with suppress(TimeoutError):
            async with asyncio.timeout(min(max(copies.values(), default=0.0), REMEMBERED_SECONDS)):
                while not self._gone.issuperset(copies):
                    self._heard.clear()
                    await self._heard.wait()


class Copies:
    """What this node hears and says; `publish` sends a message to a channel without waiting for anything.

    A node's name is its field in the hashes of cache_scripts.py, and the end of the name of its channel.
    """

    def __init__(self, subscription: Subscription, publish: Publish, *, prefix: str) -> None:
        self.name, self.channels = f"n{token_hex(8)}", f"{prefix}copies:"
        self._subscription, self._publish = subscription, publish
        self._channel, self._prefix = (self.channels + self.name).encode(), prefix
        self._listeners: list[Forget] = []
        self._opening: asyncio.Task[None] | None = None
        self._numbers = count(1)
        self._recalls: dict[bytes, Recall] = {}

    def field(self) -> str:
        """Return this node's name while it hears what is published; else nothing, for then it may keep no copies."""
        if not self._listeners:
            return ""
        if self._subscription.hears(self._channel):
            return self.name
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._open())
        return ""

    def listen(self, forget: Forget) -> None:
        """Call it with keys that are out of date."""
        self._listeners.append(forget)

    def forget(self, keys: Sequence[str]) -> None:
        """Have this node forget."""
        for listener in self._listeners:
            listener(keys)

    async def recall(self, invalidate: Callable[[str], Awaitable[Mapping[Copy, float]]]) -> None:
        """Invalidate, with the tag that is given, and wait for the copies that it finds to be gone."""
        number = str(next(self._numbers)).encode()
        recall = self._recalls[number] = Recall(self.name, number)
        try:
            await recall.wait(await invalidate(recall.tag))
        finally:
            del self._recalls[number]

    async def close(self) -> None:
        """Leave off."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait({self._opening})

    async def _open(self) -> None:
        try:
            await self._subscription.add(self._channel, self._heard)
        except Unavailable:
            await asyncio.sleep(_REST_SECONDS)

    def _heard(self, message: bytes) -> None:
        word, node, number, key = message.split(b" ", 3)
        if word == b"forget":
            self.forget([key.decode().removeprefix(self._prefix)])
            answer = b" ".join((b"forgotten", self.name.encode(), number, key))
            self._publish(self.channels.encode() + node, answer)
        elif (recall := self._recalls.get(number)) is not None:
            recall.forgotten((node, key))
