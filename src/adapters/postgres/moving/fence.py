"""Fences: on the source, behind which nothing is written any more; on the target, so that nobody tends what is copied there."""

import asyncio
import random
import time
from typing import Final

from adapters.postgres.moving.connections import NOT_HAD, Connection
from adapters.postgres.moving.marks import SET_MARK
from adapters.postgres.moving.pace import Pace
from adapters.postgres.moving.problems import MoveProblem
from domain.shared.bucket_move import BucketMove

LOCK_CLASS: Final = 5_261_003  # require_unfenced takes it with the bucket, shared
_LOCK: Final = f"SELECT pg_advisory_xact_lock({LOCK_CLASS}, bucket) FROM (SELECT unnest($1::int[]) AS bucket ORDER BY 1) b"  # noqa: S608  (constants)
_RAISE: Final = (
    "INSERT INTO shard.fences (bucket, move_id) SELECT unnest($1::smallint[]), $2"
    " ON CONFLICT (bucket) DO UPDATE SET move_id = excluded.move_id, since = now()"
)
# A fence of an earlier departure is taken over, and keeps its name behind the move's.
_PROTECT: Final = (
    "INSERT INTO shard.fences AS f (bucket, move_id) SELECT unnest($1::smallint[]), $2"
    " ON CONFLICT (bucket) DO UPDATE SET move_id = excluded.move_id || '<' || f.move_id WHERE NOT starts_with(f.move_id, $2)"
)
_GIVE_BACK: Final = (
    "UPDATE shard.fences SET move_id = substr(move_id, length($1) + 2) WHERE starts_with(move_id, $1 || '<')"
)


async def raise_fence(source: Connection, move: BucketMove, token: str, pace: Pace) -> float:
    """Put up the fence and set the mark `token`, in one commit; return the moment from which writers may have waited.

    Writers who are in the middle are waited for so briefly that those behind them hardly notice; then it is tried again.
    """
    deadline = time.monotonic() + pace.locks
    while True:
        began = time.monotonic()
        try:
            async with source.transaction():
                millis = round(pace.short * 1000)
                await source.execute(f"SET LOCAL lock_timeout = {millis}; SET LOCAL statement_timeout = {2 * millis}")
                await source.fetch(_LOCK, list(move.buckets))
                await source.execute(_RAISE, list(move.buckets), token)
                await source.execute(SET_MARK, move.id, token)
        except NOT_HAD:
            if time.monotonic() > deadline:
                raise MoveProblem(
                    f"Writers were in {move} at every moment of {pace.locks:.0f} s: is there a transaction that does not end?"
                ) from None
            await asyncio.sleep(random.uniform(0.2, 0.6))  # noqa: S311
        else:
            return began


async def lower_fence(connection: Connection, token: str) -> None:
    """Take the fence down that bears this name."""
    await connection.execute("DELETE FROM shard.fences WHERE move_id = $1", token)


async def protect(target: Connection, move: BucketMove) -> None:
    """Fence the buckets on the target: what is being copied there is not to be written to, and its runs not to be claimed."""
    await target.execute(_PROTECT, list(move.buckets), move.id)


async def unprotect(target: Connection, move: BucketMove) -> None:
    """Leave on the target the fences that stood there before the move."""
    await target.execute(_GIVE_BACK, move.id)
    await lower_fence(target, move.id)


async def welcome(target: Connection, move: BucketMove) -> None:
    """Take all fences around the buckets down on the target, where they live now."""
    await target.execute("DELETE FROM shard.fences WHERE bucket = ANY($1)", list(move.buckets))
