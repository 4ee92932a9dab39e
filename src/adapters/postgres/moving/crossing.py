"""The middle of a move: nodes are told, then writes wait at the fence while the target takes over the rest, and the map flips."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from adapters.postgres.moving.acknowledgement import known_to_all
from adapters.postgres.moving.connections import Connection, let_go
from adapters.postgres.moving.copying import catch_up
from adapters.postgres.moving.fence import lower_fence, raise_fence
from adapters.postgres.moving.marks import arrives
from adapters.postgres.moving.problems import MoveProblem
from adapters.postgres.moving.replication import require_slot
from adapters.postgres.moving.work import Work
from domain.shared.bucket_move import BucketMove, Phase
from domain.shared.shard_map import ShardMap


@dataclass(frozen=True, slots=True)
class Crossed:
    """The move after the flip, for how long its fence held up writers, and the target as it was at the flip, to be let go."""

    move: BucketMove
    fenced_seconds: float
    snapshot: Connection


async def announce(work: Work, move: BucketMove) -> BucketMove:
    """Publish that the buckets are about to leave."""
    await require_slot(work.sides.source, move)
    newest = await work.journal.newest_map()
    if newest.moving == frozenset(move.buckets):
        return await work.journal.step(move, Phase.ANNOUNCED)
    return await work.journal.step_with_map(move, Phase.ANNOUNCED, newest.announcing(move.buckets))


async def cross(work: Work, move: BucketMove) -> Crossed:
    """Wait until everybody knows, then fence and flip; a target that is not quick enough gets several tries."""
    newest = await work.journal.newest_map()
    await known_to_all(work.journal, (work.sides.source, work.sides.target), newest.version, work.pace)
    await work.at("known")
    flipped = newest.moved(move.buckets, move.target)
    for _ in range(work.pace.fences):
        work.stop_if_asked()
        await catch_up(work, move)
        crossed = await _try(work, move, flipped)
        if isinstance(crossed, Crossed):
            return crossed
        move = crossed
    raise MoveProblem(f"Shard {move.target} never took over the last changes within {work.pace.fence:.0f} s.")


async def give_up_fence(work: Work, move: BucketMove, phase: Phase) -> BucketMove:
    """Store first that the fence counts no more, so that a flip is refused from then on; then take it down."""
    stepped = await work.journal.step(move, phase)
    await lower_leftover(work, move)
    return stepped


async def lower_leftover(work: Work, move: BucketMove) -> None:
    """Take down the fence that was put up last, if it stands."""
    if move.fence is not None:
        await lower_fence(work.sides.source, move.fence)


async def _try(work: Work, move: BucketMove, flipped: ShardMap) -> Crossed | BucketMove:
    """Return what came of it; where the target was too slow, the move as it was before the fence."""
    snapshot = await work.sides.snapshots()
    try:
        crossed = await _behind_fence(work, move, flipped, snapshot)
    except BaseException:
        await let_go(snapshot)
        raise
    if not isinstance(crossed, Crossed):
        await let_go(snapshot)
    return crossed


async def _behind_fence(work: Work, move: BucketMove, flipped: ShardMap, snapshot: Connection) -> Crossed | BucketMove:
    token = f"{move.id}/{secrets.token_hex(6)}"
    move = await work.journal.step(move, Phase.FENCING, fence=token)
    async with _lowered_on_failure(work, move):
        await work.at("fencing")
        began = await raise_fence(work.sides.source, move, token, work.pace)
        await work.at("fenced")
        if not await arrives(work.sides.target, move, token, work.pace.fence):
            return await give_up_fence(work, move, Phase.ANNOUNCED)
        await asyncio.gather(_make_durable(work, move), _take(snapshot))
        await work.at("applied")
        move = await work.journal.step_with_map(move, Phase.FLIPPED, flipped)
    return Crossed(move, time.monotonic() - began, snapshot)


@asynccontextmanager
async def _lowered_on_failure(work: Work, move: BucketMove) -> AsyncIterator[None]:
    """Take the fence down if anything goes wrong in front of the flip; where that is not possible, a healer does."""
    try:
        yield
    except BaseException:
        with suppress(Exception):
            await give_up_fence(work, move, Phase.ANNOUNCED)
        raise


async def _make_durable(work: Work, move: BucketMove) -> None:
    """Commit something: with it all that the target took over before is on its disk."""
    await work.sides.target.execute("UPDATE shard.move_marks SET mark = mark || ' seen' WHERE move_id = $1", move.id)


async def _take(snapshot: Connection) -> None:
    await snapshot.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    await snapshot.fetchval("SELECT count(*) FROM shard.move_marks")
