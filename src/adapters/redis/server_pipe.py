"""Commands to one server on one connection: what is asked together leaves together."""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from hiredis import ReplyError

from adapters.redis.commands import Commands
from adapters.redis.places import Place
from adapters.redis.resp import Command, RespConnection, connect
from domain.shared.errors import Unavailable

_REST_SECONDS: Final = 0.1
_MOST_KEYS: Final = 100
_DEPOSED: Final = ("READONLY", "NOREPLICAS")


class ServerPipe(Commands):
    """Connects by itself. Nothing is ever sent twice: what had no answer when the connection broke is Unavailable.

    An answer that takes longer than `patience` seconds breaks the connection, for those behind it would wait too; so does a
    server that takes no writes, for it may be the master no longer. A `successor` has taken over from another server.
    """

    def __init__(self, place: Place, *, patience: float, successor: bool = False) -> None:
        self._place, self._patience = place, patience
        self._connection: RespConnection | None = None
        self._opening: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._waiting: deque[_Batch] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._renews, self._renewed_at = successor, -math.inf

    @property
    def connected(self) -> bool:
        """Whether `submit` can be called."""
        return self._connection is not None

    @property
    def renewed_at(self) -> float:
        """When there was a connection again."""
        return self._renewed_at

    @property
    def idle(self) -> bool:
        """Whether no answer is waited for."""
        return not self._waiting

    def keeper(self, key: str) -> str:
        """Return the same for all keys: there is one server."""
        return ""

    def together(self, keys: Sequence[str]) -> Sequence[Sequence[str]]:
        """Return all of them together, so many at once that nobody else waits long for the script's end."""
        return [keys[start : start + _MOST_KEYS] for start in range(0, len(keys), _MOST_KEYS)]

    async def ask(self, *commands: Command) -> list[Any]:
        """Return the answers; errors of the server are values. Unavailable."""
        if self._connection is None:
            await self.open()
        return await self.submit(commands)

    def submit(self, commands: Sequence[Command]) -> "asyncio.Future[list[Any]]":
        """Send, and return the future of the answers: it fails with Unavailable, as this does without a connection.

        It leaves at once while no answer is waited for (Nagle, RFC 896), else with others when the event loop has come round.
        """
        if self._connection is None:
            raise Unavailable("There is no connection to the Redis or Valkey server.")
        loop = asyncio.get_running_loop()
        batch = _Batch(len(commands), loop.create_future(), loop.time() + self._patience)
        self._connection.send(*commands, at_once=not self._waiting)
        self._waiting.append(batch)
        if self._watch is None:
            self._watch = loop.call_at(batch.deadline, self._look)
        return batch.answered

    async def open(self) -> None:
        """Connect if there is no connection; Unavailable, at once while the last failure is very recent."""
        if self._connection is not None:
            return
        if self._opening is None:
            if asyncio.get_running_loop().time() < self._not_before:
                raise Unavailable("The Redis or Valkey server was away a moment ago.")
            self._opening = asyncio.create_task(self._connect())
        await asyncio.shield(self._opening)

    async def close(self) -> None:
        """Close the connection."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait({self._opening})
        if self._connection is not None:
            self._connection.abort()
            self._broken()

    async def _connect(self) -> None:
        try:
            url = await self._place.locate()
            self._connection = await connect(url, self._heard, self._broken, patience=self._patience)
            if self._renews:
                self._renewed_at = asyncio.get_running_loop().time()
            self._renews = True
        except OSError as failure:
            self._not_before = asyncio.get_running_loop().time() + _REST_SECONDS
            raise Unavailable("The Redis or Valkey server cannot be reached.") from failure
        finally:
            self._opening = None

    def _heard(self, reply: Any) -> None:
        batch = self._waiting[0]
        batch.answers.append(reply)
        if isinstance(reply, ReplyError) and str(reply).startswith(_DEPOSED) and self._connection is not None:
            self._connection.abort()
        if len(batch.answers) == batch.count:
            self._waiting.popleft()
            if not batch.answered.done():
                batch.answered.set_result(batch.answers)

    def _broken(self) -> None:
        self._connection = None
        waiting, self._waiting = self._waiting, deque()
        for batch in waiting:
            if not batch.answered.done():
                batch.answered.set_exception(Unavailable("The connection to the Redis or Valkey server broke."))

    def _look(self) -> None:
        """Break a connection whose oldest answer is overdue."""
        self._watch = None
        if not self._waiting or self._connection is None:
            return
        loop = asyncio.get_running_loop()
        if self._waiting[0].deadline <= loop.time():
            self._connection.abort()
        else:
            self._watch = loop.call_at(self._waiting[0].deadline, self._look)


class _Batch:
    """Commands that left together, and the answers so far."""

    __slots__ = ("answered", "answers", "count", "deadline")

    def __init__(self, count: int, answered: "asyncio.Future[list[Any]]", deadline: float) -> None:
        self.count, self.answered, self.deadline = count, answered, deadline
        self.answers: list[Any] = []
