"""Constant writes, each remembered when it was acknowledged."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

_WRITERS = 4
_PAUSE_SECONDS = 0.005


@dataclass(slots=True)
class Written:
    """Numbers that were acknowledged, in order, with the moment."""

    acknowledged: list[tuple[int, float]]
    sent: int = 0

    def lost(self, restored: set[int]) -> Sequence[tuple[int, float]]:
        """Return those that are not among the restored."""
        return [one for one in self.acknowledged if one[0] not in restored]


async def write_until_lost(dsn: str, written: Written) -> None:
    """Let several connections insert a row every few milliseconds until the server is gone."""
    await asyncio.gather(*(_write(dsn, written) for _ in range(_WRITERS)))


async def _write(dsn: str, written: Written) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        while True:
            written.sent += 1
            number = written.sent
            await connection.execute("INSERT INTO written VALUES ($1)", number)
            written.acknowledged.append((number, time.monotonic()))
            await asyncio.sleep(_PAUSE_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        return
