"""The primary among the hosts of a DSN (docs/adr/0018-failover.md)."""

import asyncio
import re
import time
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

import asyncpg

_HEAD_START_SECONDS: Final = 0.3
_PAUSE_SECONDS: Final = 0.2
_CHOOSES: Final = "target_session_attrs="
_PARTS: Final = re.compile(r"(\w+://(?:[^/?#]*@)?)([^/?#@]*)(.*)", re.DOTALL)
_PASSING: Final = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError)
_Asked = dict["asyncio.Task[Any]", str]


class NoPrimary(ConnectionError):
    """None of the hosts is a primary that answers; the message tells why, without an address."""


class Primary:
    """The way to the server that takes writes; of a DSN with one host, to that one, whatever it is.

    The host that was the primary last is asked first, each other one when the one before it has refused or let a moment pass,
    and again while another is silent: a dead host costs no more than that moment. Nobody looks for the primary twice at the
    same time, or right after there was none: the standby that is to become the primary shall do so in peace.
    """

    def __init__(self, dsn: str, **options: Any) -> None:
        self._hosts = dsns_of(dsn)
        if len(self._hosts) > 1 and _CHOOSES not in dsn:
            options["target_session_attrs"] = "primary"
        self._connect = partial(asyncpg.connect, **options)
        self._search = asyncio.Lock()
        self._refusal, self._resting_until = "", 0.0
        self._made: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def doubt(self, connection: Any) -> None:
        """Ask the host of a connection last from now on: it is lost, silent, or a standby by now."""
        doubted = self._made.get(connection)
        self._hosts = tuple(sorted(self._hosts, key=lambda host: host == doubted))

    async def connect(self) -> Any:
        """Return a new connection; NoPrimary, or the driver's error when a server objects to what the DSN says."""
        if len(self._hosts) == 1:
            return await self._connect(self._hosts[0])
        async with self._search:
            if time.monotonic() < self._resting_until:
                raise NoPrimary(self._refusal)
            try:
                return await self._race()
            except NoPrimary as refusal:
                self._refusal, self._resting_until = str(refusal), time.monotonic() + _PAUSE_SECONDS
                raise

    async def _race(self) -> Any:
        """Return the connection of the host that accepts first; the others are let go."""
        asked: _Asked = {}
        try:
            for host in self._hosts:
                asked[asyncio.create_task(self._ask(host, [*asked][-1:], _HEAD_START_SECONDS))] = host
            winner, connection = await self._first_to_accept(asked)
        finally:
            _let_go(asked)
        self._hosts = tuple(sorted(self._hosts, key=lambda host: host != winner))
        self._made[connection] = winner
        return connection

    async def _first_to_accept(self, asked: _Asked) -> tuple[str, Any]:
        first, refusals = frozenset(asked), list[BaseException]()
        while asked:
            done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                host, refusal = asked.pop(task), task.exception()
                if refusal is None:
                    return host, task.result()
                refusals.append(refusal)
                silent = first & asked.keys()
                if silent and not _is_objection(refusal):
                    asked[asyncio.create_task(self._ask(host, silent, _PAUSE_SECONDS))] = host
        raise _verdict(len(self._hosts), refusals)

    async def _ask(self, host: str, before: Collection["asyncio.Task[Any]"], patience: float) -> Any:
        """Ask a host, when those before it have refused or so many seconds are over."""
        if before:
            await asyncio.wait(before, timeout=patience)
        return await self._connect(host)


def dsns_of(dsn: str) -> tuple[str, ...]:
    """Return a DSN for each host of a DSN, in order; one that names no host, or names them in its query, is left as it is."""
    parts = _PARTS.fullmatch(dsn)
    if parts is None:
        return (dsn,)
    before, hosts, after = parts.groups()
    return tuple(f"{before}{host}{after}" for host in hosts.split(","))


def _let_go(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.add_done_callback(_close)
        task.cancel()


def _close(task: "asyncio.Task[Any]") -> None:
    """Close the connection of one who was let go and had made it already."""
    if not task.cancelled() and task.exception() is None:
        task.result().terminate()


def _is_objection(refusal: BaseException) -> bool:
    """Tell whether it will be there again, as that to a password."""
    return isinstance(refusal, asyncpg.PostgresError) and not isinstance(refusal, _PASSING)


def _verdict(hosts: int, refusals: Sequence[BaseException]) -> BaseException:
    """Return the first objection; where there is none, that nobody is the primary."""
    reasons = ", ".join(sorted({type(one).__name__ for one in refusals}))
    nobody = NoPrimary(f"none of its {hosts} hosts is a primary that answers ({reasons})")
    return next((one for one in refusals if _is_objection(one)), nobody)
