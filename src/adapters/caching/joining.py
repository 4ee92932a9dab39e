"""Identical readings at the same time are one reading."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Flights:
    """One flight per key, in a task of its own: a caller who is cancelled leaves it to the others."""

    def __init__(self) -> None:
        self._flying: dict[str, asyncio.Task[Any]] = {}

    async def join(self, key: str, work: Callable[[], Awaitable[T]], land: Callable[[T], None]) -> T:
        """Return what the flight under this key finds, starting it if there is none; `land` is told unless it was parted with."""
        flight = self._flying.get(key)
        if flight is None:
            flight = self._flying[key] = asyncio.create_task(self._fly(key, work, land))
        return cast("T", await asyncio.shield(flight))

    def part(self, key: str) -> None:
        """Let nobody join what flies now, for what it finds may be out of date; those aboard still get it."""
        self._flying.pop(key, None)

    async def _fly(self, key: str, work: Callable[[], Awaitable[T]], land: Callable[[T], None]) -> T:
        this = asyncio.current_task()
        try:
            found = await work()
            if self._flying.get(key) is this:
                land(found)
            return found
        finally:
            if self._flying.get(key) is this:
                del self._flying[key]
