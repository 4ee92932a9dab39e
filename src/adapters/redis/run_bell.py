"""The bell over Valkey: one channel per user, listened to while a client of theirs is connected to this node."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from adapters.redis.pipe import Pipe
from adapters.redis.subscription import Subscription
from application.ports.run_bell import BellFeed, RunBell
from domain.shared.errors import Unavailable
from domain.shared.identifiers import RunId, UserId


class RedisRunBell(RunBell):
    """Rings on all nodes; listeners here hear through `local`, during an outage at least what this node rings."""

    def __init__(self, url: str, local: RunBell, *, prefix: str = "onelast:bell:", patience: float = 1.0) -> None:
        self._local, self._prefix = local, prefix
        self._pipe, self._subscription = Pipe(url, patience=patience), Subscription(url, patience=patience)
        self._listening: Counter[UserId] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def ring(self, owner_id: UserId, run_id: RunId) -> None:
        """Publish; this node's listeners get it back from the server."""
        self._spawn(self._publish(owner_id, run_id))

    async def listen(self, owner_id: UserId) -> BellFeed:
        """Listen here, and return when the channel is subscribed to; while the server is away, at once hear this node alone."""
        feed = _RedisBellFeed(await self._local.listen(owner_id), self, owner_id)
        self._listening[owner_id] += 1
        try:
            await self._subscribe(owner_id)
        except BaseException:
            feed.close()
            raise
        return feed

    def leave(self, owner_id: UserId) -> None:
        """Unsubscribe when this was the last listener."""
        self._listening[owner_id] -= 1
        if not self._listening[owner_id]:
            del self._listening[owner_id]
            self._subscription.remove(self._channel(owner_id))

    async def close(self) -> None:
        """Close the connections."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._subscription.close()
        await self._pipe.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _publish(self, owner_id: UserId, run_id: RunId) -> None:
        try:
            await self._pipe.ask(("PUBLISH", self._channel(owner_id), run_id))
        except Unavailable:
            self._local.ring(owner_id, run_id)

    async def _subscribe(self, owner_id: UserId) -> None:
        with suppress(Unavailable):
            await self._subscription.add(self._channel(owner_id), lambda rung: self._local.ring(owner_id, RunId(rung.decode())))

    def _channel(self, owner_id: UserId) -> bytes:
        return (self._prefix + owner_id).encode()


class _RedisBellFeed(BellFeed):
    """A listener of this node."""

    def __init__(self, local: BellFeed, bell: RedisRunBell, owner_id: UserId) -> None:
        self._local, self._bell, self._owner_id = local, bell, owner_id
        self._closed = False

    async def next(self, patience: float) -> Sequence[RunId]:
        """Return what was heard."""
        return await self._local.next(patience)

    def close(self) -> None:
        """Stop listening."""
        if not self._closed:
            self._closed = True
            self._local.close()
            self._bell.leave(self._owner_id)
