"""A pool of asyncpg's connections that costs a list operation (docs/adr/0013-own-pool.md, 0017-pools-and-pgbouncer.md)."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final
from weakref import WeakSet

import asyncpg

from adapters.postgres.pool_use import PoolUse
from adapters.postgres.queue_pace import QueuePace

_IDLE_SECONDS: Final = 300.0
_CLOSING_SECONDS: Final = 2.0
_LAST_WORDS: Final = ("FATAL", "PANIC")
_SERVER_LOST: Final = (asyncpg.PostgresConnectionError, asyncpg.ReadOnlySQLTransactionError, OSError)


class PoolExhausted(Exception):
    """All connections were busy for longer than the caller's patience, or are sure to be."""


class ConnectionPool:
    """At most `size` connections, opened when they are needed; the one used last is used first, so that the others can retire.

    Every statement runs by itself and sets nothing, so a connection comes back as it was. One whose statement was cut off, by
    a timeout or by its caller, is closed: its state is not known.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Any]], *, size: int, doubt: Callable[[Any], None] = lambda _: None
    ) -> None:
        self._connect, self._doubt, self.size = connect, doubt, size
        self._free: deque[tuple[Any, float]] = deque()
        self._waiting: OrderedDict[asyncio.Future[Any], None] = OrderedDict()
        self._pace = QueuePace()
        self._made: WeakSet[Any] = WeakSet()
        self._suspects: set[Any] = set()
        self._opened = 0
        self._closed = False
        self.use = PoolUse()

    @property
    def open(self) -> int:
        """How many connections there are, those that are being opened included."""
        return self._opened

    @property
    def busy(self) -> int:
        """How many connections are in use or being opened."""
        return self._opened - len(self._free)

    @property
    def waiting(self) -> int:
        """How many callers wait for a connection."""
        return len(self._waiting)

    async def fetch(self, text: str, arguments: Sequence[Any], *, patience: float, within: float) -> list[Any]:
        """Return the rows of a statement, or raise the driver's error; TimeoutError after `within` seconds in all.

        PoolExhausted after `patience` seconds without a connection, and at once where the queue is longer than that.
        """
        connection = self._take()
        if connection is None:
            began = time.monotonic()
            connection = await self._obtain(patience)
            waited = time.monotonic() - began
            self.use.waited(waited)
            within -= waited
        else:
            self.use.at_once += 1
        usable = False
        try:
            rows: list[Any] = await connection.fetch(text, *arguments, timeout=within)
            usable = True
        except (asyncpg.PostgresError, OSError) as error:
            usable = _outlived_by_connection(error)
            if not usable:
                self._lose_server(connection)
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
            turn = self._join(loop, patience)
            expiry = loop.call_at(deadline, self._expire, turn)
            try:
                connection = await self._turn(turn)
            finally:
                expiry.cancel()
            if connection is not None:
                return connection
        return await self._open()

    def _join(self, loop: asyncio.AbstractEventLoop, patience: float) -> "asyncio.Future[Any]":
        """Return a place in the queue; PoolExhausted if it would be in vain."""
        now = time.monotonic()
        if not self._waiting:
            self._pace.began(now)
        elif len(self._waiting) >= self._pace.most_waiting(self.size, patience, now):
            self.use.refused += 1
            raise PoolExhausted
        turn = loop.create_future()
        self._waiting[turn] = None
        return turn

    async def _turn(self, turn: "asyncio.Future[Any]") -> Any | None:
        """Return a connection, or None where one may be opened; whoever gives up passes the turn on."""
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._pass_on(turn.result())
            raise
        finally:
            self._waiting.pop(turn, None)

    def _expire(self, turn: "asyncio.Future[Any]") -> None:
        if not turn.done():
            self.use.timed_out += 1
            turn.set_exception(PoolExhausted())

    def _pass_on(self, connection: Any | None) -> None:
        if connection is None:
            self._next_turn(None)
        else:
            self._give_back(connection, usable=True)

    async def _open(self) -> Any:
        self._opened += 1
        self.use.connects += 1
        try:
            connection = await self._connect()
        except BaseException:
            self._opened -= 1
            self._next_turn(None)
            raise
        self._made.add(connection)
        return connection

    def _give_back(self, connection: Any, *, usable: bool) -> None:
        if not usable or self._closed or connection in self._suspects or connection.is_closed():
            self._suspects.discard(connection)
            with suppress(Exception):
                connection.terminate()
            self._opened -= 1
            self._next_turn(None)
        elif not self._next_turn(connection):
            self._free.append((connection, time.monotonic()))
            self._retire()

    def _next_turn(self, connection: Any | None) -> bool:
        while self._waiting:
            turn, _ = self._waiting.popitem(last=False)
            if not turn.done():
                self._pace.moved(self.size, time.monotonic())
                turn.set_result(connection)
                return True
        return False

    def _lose_server(self, connection: Any) -> None:
        """Close what leads to the server that was lost, the busy when they come back; the next is sought elsewhere first."""
        if connection in self._suspects:
            return
        self._doubt(connection)
        idle, self._free = self._free, deque()
        self._opened -= len(idle)
        for other, _ in idle:
            other.terminate()
        self._suspects.update(other for other in self._made if not other.is_closed())

    def _retire(self) -> None:
        """Close the connection that was idle longest, if that is long ago."""
        connection, since = self._free[0]
        if time.monotonic() - since > _IDLE_SECONDS:
            self._free.popleft()
            self._opened -= 1
            connection.terminate()


def _outlived_by_connection(error: Exception) -> bool:
    last = (getattr(error, "severity_en", None) or getattr(error, "severity", None)) in _LAST_WORDS
    return not last and not isinstance(error, _SERVER_LOST)
