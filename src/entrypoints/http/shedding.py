"""Refusing a share of what is new while what was accepted is late.

What was accepted keeps its pace, and who is refused hears it at once, before the body is read. The share follows the lag as a
sender's window follows losses (additive increase, multiplicative decrease; Chiu and Jain 1989), so that it settles where work is
just in time, and does not swing between all and nothing. Late is what waits for the event loop, and then for a connection to the
database; of several databases that which lets wait the least counts, for one that is ill is the trouble of its own users. What is
late with little to do is late for other reasons, which refusing would not mend.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Final

from litestar.types import ASGIApp, Receive, Scope, Send

from entrypoints.http.overload import tell_overloaded

_LOOK_SECONDS: Final = 0.02
_LOOKS: Final = 10
_LITTLE: Final = 50
_LEAST: Final = 0.1
_LESS: Final = 0.95
_MORE: Final = 0.01
# Following and stopping a reply is work that was accepted already.
_ACCEPTED: Final = "/v1/runs/"


Queues = Callable[[], Sequence[tuple[int, int]]]


class Shedding:
    """Tells what is new whether it is refused.

    `most_lag` is in seconds, `busy` counts what is under way beside requests, `queues` tells for each database how many had a
    connection so far, and how many wait for one.
    """

    def __init__(self, most_lag: float, busy: Callable[[], int], queues: Queues = lambda: ()) -> None:
        self._most_lag, self._busy, self._queues = most_lag, busy, queues
        self._served, self._waiting, self._looks = [served for served, _ in queues()], list[float](), 0
        self._credit = 0.0
        self.share, self.lag, self.requests = 1.0, 0.0, 0
        self.counts = dict.fromkeys(("request", "socket", "message"), 0)

    def refuses(self, kind: str) -> bool:
        """Return whether this request, socket or message is refused, and count it if so; what passes does so evenly."""
        if self.share >= 1.0:
            return False
        self._credit += self.share
        if self._credit >= 1.0:
            self._credit -= 1.0
            return False
        self.counts[kind] += 1
        return True

    def judge(self, lag: float) -> None:
        """Let more or less pass from now on, after a time in which work was late by so many seconds on the average."""
        self.lag = lag
        if lag <= self._most_lag or self._busy() + self.requests < _LITTLE:
            self.share = min(1.0, self.share + _MORE)
        else:
            self.share = max(_LEAST, self.share * _LESS)

    async def watch(self) -> None:
        """Judge five times a second, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            late, began = 0.0, loop.time()
            for _ in range(_LOOKS):
                due = loop.time() + _LOOK_SECONDS
                await asyncio.sleep(_LOOK_SECONDS)
                late += max(0.0, loop.time() - due)
                self.look()
            self.judge(late / _LOOKS + self.wait(loop.time() - began))

    def look(self) -> None:
        """Note how long the queues are."""
        waiting = [waiting for _, waiting in self._queues()]
        self._waiting = [sum(pair) for pair in zip_longest(self._waiting, waiting, fillvalue=0)]
        self._looks += 1

    def wait(self, seconds: float) -> float:
        """Return how long who asks now will wait for a connection, at the database that lets wait the least.

        It follows from the queues that were looked at, and from how many were served since the last call, so many seconds ago
        (Little's law): what those waited who have a connection by now would tell it too late.
        """
        served = [served for served, _ in self._queues()]
        new = [now - before for now, before in zip_longest(served, self._served, fillvalue=0)]
        queues = [waiting / max(self._looks, 1) for waiting in self._waiting]
        self._served, self._waiting, self._looks = served, [], 0
        found = (seconds * waiting / max(count, 1) for count, waiting in zip(new, queues, strict=False) if count or waiting)
        return min(found, default=0.0)


class Sheds:
    """Stands in front of the API; probes, measurements and pages are answered always."""

    def __init__(self, app: ASGIApp, shedding: Shedding) -> None:
        self._app, self._shedding = app, shedding

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        path = scope.get("path", "")
        if path.startswith("/v1/") and not path.startswith(_ACCEPTED) and self._shedding.refuses("request"):
            scope["path_template"] = "shed"
            await tell_overloaded(send, str(scope["state"]["request_id"]), "The service is busy; please try again in a moment.")
            return
        self._shedding.requests += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._shedding.requests -= 1
