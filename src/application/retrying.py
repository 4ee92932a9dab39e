"""Optimistic writes: a use case reads, decides, writes; when somebody was faster it reads again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from domain.shared.errors import StaleWrite

T = TypeVar("T")
_TRIES: Final = 12


async def again_when_stale(attempt: Callable[[], Awaitable[T]]) -> T:
    """Run `attempt` until it does not lose a race, at most 12 times with short random pauses; then StaleWrite."""
    for tries in range(1, _TRIES):
        try:
            return await attempt()
        except StaleWrite:
            await asyncio.sleep(random.uniform(0, 0.002 * 2 ** min(tries, 5)))  # noqa: S311
    return await attempt()
