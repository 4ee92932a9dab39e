"""A pool of asyncpg's connections that costs a list operation (docs/adr/0013-own-pool.md)."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import asyncpg

_IDLE_SECONDS: Final = 300.0
_CLOSING_SECONDS: Final = 2.0


class PoolExhausted(Exception):
    """All connections were busy for longer than the caller's patience."""


class ConnectionPool:
    """At most `size` connections, opened when they are needed; the one used last is used first, so that the others can retire.

    Every statement runs by itself and sets nothing, so a connection comes back as it was. One whose statement was cut off, by
    a timeout or by its caller, is closed: its state is not known.
    """

    def __init__(self, connect: Callable[[], Awaitable[Any]], *, size: int) -> None:
        self._connect, self.size = connect, size
        self._free: deque[tuple[Any, float]] = deque()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._opened = 0
        self._closed = False

    @property
    def busy(self) -> int:
        """How many connections are in use or being opened."""
        return self._opened - len(self._free)

    async def fetch(self, text: str, arguments: Sequence[Any], *, patience: float) -> list[Any]:
        """Return the rows of a statement; PoolExhausted after `patience` seconds without a connection, or the driver's error."""
        connection = self._take() or await self._obtain(patience)
        usable = False
        try:
            rows: list[Any] = await connection.fetch(text, *arguments)
            usable = True
        except asyncpg.PostgresError:
            usable = True
            raise
        finally:
            self._give_back(connection, usable=usable)
        return rows

    async def close(self) -> None:
        """Close all connections, within two seconds whatever the server does; those in use when they come back."""
        self._closed = True
        free, self._free = self._free, deque()
        self._opened -= len(free)
        closing = [connection.close(timeout=_CLOSING_SECONDS) for connection, _ in free]
        for outcome, (connection, _) in zip(await asyncio.gather(*closing, return_exceptions=True), free, strict=True):
            if isinstance(outcome, BaseException):
                connection.terminate()

    def _take(self) -> Any | None:
        while self._free:
            connection, _ = self._free.pop()
            if not connection.is_closed():
                return connection
            self._opened -= 1
        return None

    async def _obtain(self, patience: float) -> Any:
        """Return a new connection, or the next that comes back."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        while self._opened >= self.size:
            turn = loop.create_future()
            self._waiting.append(turn)
            expiry = loop.call_at(deadline, _expire, turn)
            try:
                connection = await self._turn(turn)
            finally:
                expiry.cancel()
            if connection is not None:
                return connection
        return await self._open()

    async def _turn(self, turn: "asyncio.Future[Any]") -> Any | None:
        """Return a connection, or None where one may be opened; whoever gives up passes the turn on."""
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._pass_on(turn.result())
            raise

    def _pass_on(self, connection: Any | None) -> None:
        if connection is None:
            self._next_turn(None)
        else:
            self._give_back(connection, usable=True)

    async def _open(self) -> Any:
        self._opened += 1
        try:
            return await self._connect()
        except BaseException:
            self._opened -= 1
            self._next_turn(None)
            raise

    def _give_back(self, connection: Any, *, usable: bool) -> None:
        if not usable or self._closed or connection.is_closed():
            with suppress(Exception):
                connection.terminate()
            self._opened -= 1
            self._next_turn(None)
        elif not self._next_turn(connection):
            self._free.append((connection, time.monotonic()))
            self._retire()

    def _next_turn(self, connection: Any | None) -> bool:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return True
        return False

    def _retire(self) -> None:
        """Close the connection that was idle longest, if that is long ago."""
        connection, since = self._free[0]
        if time.monotonic() - since > _IDLE_SECONDS:
            self._free.popleft()
            self._opened -= 1
            connection.terminate()


def _expire(turn: "asyncio.Future[Any]") -> None:
    if not turn.done():
        turn.set_exception(PoolExhausted())
