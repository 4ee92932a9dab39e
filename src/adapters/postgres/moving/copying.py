"""The first part of a move: the target gets a copy that follows the source. Users notice nothing."""

import time
from typing import Final

from adapters.postgres.moving.fence import protect
from adapters.postgres.moving.marks import delay, remove_marks
from adapters.postgres.moving.problems import MoveProblem
from adapters.postgres.moving.replication import publish, read_progress, require_slot, subscribe, subscribed, tear_down
from adapters.postgres.moving.tables import count_rows, remove_rows, switch_triggers_on
from adapters.postgres.moving.work import Work
from domain.shared.bucket_move import BucketMove

_LOOK_EVERY_SECONDS: Final = 0.1


async def copy(work: Work, move: BucketMove) -> None:
    """Let the subscription copy, then follow closely; what an earlier try left half done is removed first."""
    if not await subscribed(work.sides, move):
        await remove_copy(work, move)
        await protect(work.sides.target, move)
        await switch_triggers_on(work.sides.target, work.pace)
        await publish(work.sides.source, move, work.pace)
        await work.at("published")
        await subscribe(work.sides, move)
        await work.at("subscribed")
    await _watch(work, move)
    await catch_up(work, move)


async def catch_up(work: Work, move: BucketMove) -> None:
    """Return when the target is hardly behind; MoveProblem when it stays behind."""
    deadline = time.monotonic() + work.pace.catch_up
    while await delay(work.sides, move, 10 * work.pace.close) > work.pace.close:
        await require_slot(work.sides.source, move)
        if time.monotonic() > deadline:
            raise MoveProblem(f"Shard {move.target} does not keep up with shard {move.source}; move fewer buckets at once.")
        await work.rest(_LOOK_EVERY_SECONDS)


async def remove_copy(work: Work, move: BucketMove) -> None:
    """End the replication and remove what the target has got."""
    await tear_down(work.sides, move, work.pace)
    await remove_rows(work.sides.target, move.buckets)
    await remove_marks(work.sides.target, move)


async def _watch(work: Work, move: BucketMove) -> None:
    rows = await count_rows(work.sides.source, move.buckets)
    while True:
        await require_slot(work.sides.source, move)
        progress = await read_progress(work.sides, move, rows)
        work.attendance.copied(progress.copied, sum(rows.values()))
        if progress.follows:
            return
        await work.rest(_LOOK_EVERY_SECONDS)
