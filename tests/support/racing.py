"""Many workers who do one thing at the same moment."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

WORKERS = 20
WON = "won"


async def race(attempt: Callable[[asyncio.Barrier], Awaitable[object]]) -> Counter[str]:
    """Run twenty attempts at once and count how they end: "won", or the error's name.

    Each may wait at the barrier, where nobody goes on before all have come.
    """
    barrier = asyncio.Barrier(WORKERS)
    async with asyncio.timeout(60):
        outcomes = await asyncio.gather(*(attempt(barrier) for _ in range(WORKERS)), return_exceptions=True)
    return Counter(type(outcome).__name__ if isinstance(outcome, Exception) else WON for outcome in outcomes)


def one_wins(error: type[Exception]) -> Counter[str]:
    """Return the count of a race that one worker wins, all others losing with this error."""
    return Counter({WON: 1, error.__name__: WORKERS - 1})
