"""Identical readings at the same time are one reading."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Final, TypeVar, cast

from application.ports.cache import REMEMBERED_SECONDS

T = TypeVar("T")
Known = Callable[[], tuple[Any] | None]
_ON_THE_GROUND: Final = float("inf")


class _Flight:
    """A reading: `took_off` is when it began, and `over` is set when nobody needs to wait for it any more."""

    __slots__ = ("over", "task", "took_off")

    def __init__(self) -> None:
        self.took_off = _ON_THE_GROUND
        self.over = asyncio.Event()
        self.task: asyncio.Task[Any]


class Flights:
    """One flight per key, in a task of its own: a caller who is cancelled leaves it to the others.

    Aboard are those who came before it took off, so that nobody gets what was read before he asked, whoever has changed it
    meanwhile. Who comes later waits for it to land, for as long at most as anything may be remembered, and takes the next one.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._flying: dict[str, _Flight] = {}

    async def join(self, key: str, work: Callable[[], Awaitable[T]], known: Known = lambda: None) -> T:
        """Return what the next flight under this key finds, or what is `known` (in a tuple) when the present one is over."""
        while (left := self._left(flight := self._flying.get(key))) > 0 and flight is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await flight.over.wait()
            if (found := known()) is not None:
                return cast("T", found[0])
        if flight is None or flight.took_off != _ON_THE_GROUND:
            flight = self._flying[key] = _Flight()
            flight.task = asyncio.create_task(self._fly(key, flight, work))
        return cast("T", await asyncio.shield(flight.task))

    def part(self, keys: Iterable[str]) -> None:
        """Let nobody wait for what flies now, for what it finds may be out of date; those aboard still get it."""
        for key in keys:
            flight = self._flying.get(key)
            if flight is not None and flight.took_off != _ON_THE_GROUND:
                del self._flying[key]
                flight.over.set()

    def _left(self, flight: _Flight | None) -> float:
        """Return for how long to wait for a flight."""
        if flight is None or flight.took_off == _ON_THE_GROUND:
            return 0.0
        return flight.took_off + REMEMBERED_SECONDS - self._monotonic()

    async def _fly(self, key: str, flight: _Flight, work: Callable[[], Awaitable[T]]) -> T:
        flight.took_off = self._monotonic()
        try:
            return await work()
        finally:
            flight.over.set()
            if self._flying.get(key) is flight:
                del self._flying[key]
