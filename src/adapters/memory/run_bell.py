"""The bell for listeners of this process."""

import asyncio
from collections import deque
from collections.abc import Sequence

from application.ports.run_bell import BellFeed, RunBell
from domain.shared.identifiers import RunId, UserId

_MOST_WAITING = 100


class MemoryRunBell(RunBell):
    """Listeners by owner."""

    def __init__(self) -> None:
        self._listeners: dict[UserId, set[_MemoryBellFeed]] = {}

    def ring(self, owner_id: UserId, run_id: RunId) -> None:
        """Tell everybody here."""
        for feed in self._listeners.get(owner_id, ()):
            feed.hear(run_id)

    async def listen(self, owner_id: UserId) -> BellFeed:
        """Join the owner's listeners."""
        feed = _MemoryBellFeed(self, owner_id)
        self._listeners.setdefault(owner_id, set()).add(feed)
        return feed

    def leave(self, owner_id: UserId, feed: "_MemoryBellFeed") -> None:
        """Tell it no more."""
        listeners = self._listeners.get(owner_id, set())
        listeners.discard(feed)
        if not listeners:
            self._listeners.pop(owner_id, None)


class _MemoryBellFeed(BellFeed):
    """Keeps the newest hundred that nobody fetched."""

    def __init__(self, bell: MemoryRunBell, owner_id: UserId) -> None:
        self._bell, self._owner_id = bell, owner_id
        self._heard: deque[RunId] = deque(maxlen=_MOST_WAITING)
        self._news = asyncio.Event()
        self._closed = False

    def hear(self, run_id: RunId) -> None:
        """Keep it for the listener."""
        self._heard.append(run_id)
        self._news.set()

    async def next(self, patience: float) -> Sequence[RunId]:
        """Return all that was heard."""
        try:
            async with asyncio.timeout(patience):
                await self._news.wait()
        except TimeoutError:
            return ()
        heard = tuple(self._heard)
        self._heard.clear()
        if not self._closed:
            self._news.clear()
        return heard

    def close(self) -> None:
        """Stop listening."""
        if not self._closed:
            self._closed = True
            self._news.set()
            self._bell.leave(self._owner_id, self)
