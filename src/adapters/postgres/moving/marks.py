"""Marks: a row that the source writes and the target reads. Where a mark has come, everything committed before it has too."""

import asyncio
import secrets
import time
from typing import Final

from adapters.postgres.moving.connections import Connection, Sides
from domain.shared.bucket_move import BucketMove

SET_MARK: Final = (
    "INSERT INTO shard.move_marks (move_id, mark) VALUES ($1, $2) ON CONFLICT (move_id) DO UPDATE SET mark = excluded.mark"
)
_MARK: Final = "SELECT mark FROM shard.move_marks WHERE move_id = $1"


async def delay(sides: Sides, move: BucketMove, within: float) -> float:
    """Return the seconds that the target is behind, measured by a mark; infinity where it is more than `within`."""
    mark, began = f"{move.id}/{secrets.token_hex(4)}", time.monotonic()
    await sides.source.execute(SET_MARK, move.id, mark)
    return time.monotonic() - began if await arrives(sides.target, move, mark, within, pause=0.01) else float("inf")


async def arrives(target: Connection, move: BucketMove, mark: str, within: float, *, pause: float = 0.001) -> bool:
    """Wait for the mark on the target; return whether it has come in time."""
    reading, deadline = await target.prepare(_MARK), time.monotonic() + within
    while await reading.fetchval(move.id) != mark:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(pause)
    return True


async def remove_marks(connection: Connection, move: BucketMove) -> None:
    """Remove the move's mark."""
    await connection.execute("DELETE FROM shard.move_marks WHERE move_id = $1", move.id)
