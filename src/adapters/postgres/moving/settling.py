"""The last part of a move: what was moved is compared, the source is emptied. And what takes a move back."""

import asyncio
from typing import Final

from adapters.postgres.moving.acknowledgement import known_to_all
from adapters.postgres.moving.checksums import differences, fenced_since, sums_of
from adapters.postgres.moving.comparison import compare_rows
from adapters.postgres.moving.connections import Connection
from adapters.postgres.moving.copying import remove_copy
from adapters.postgres.moving.crossing import lower_leftover
from adapters.postgres.moving.fence import unprotect, welcome
from adapters.postgres.moving.marks import remove_marks
from adapters.postgres.moving.problems import MoveProblem
from adapters.postgres.moving.replication import tear_down
from adapters.postgres.moving.tables import remove_rows, switch_triggers_off
from adapters.postgres.moving.work import Work
from domain.shared.bucket_move import BucketMove, Phase

_TOLD_DIFFERENCES: Final = 5
_TOLD_ROWS: Final = 3


async def verify(work: Work, move: BucketMove, snapshot: "Connection | None", *, accept_gone: bool) -> BucketMove:
    """Let the target's fences go and the replication end, then compare; MoveProblem where anything differs."""
    await welcome(work.sides.target, move)
    await work.at("welcomed")
    await tear_down(work.sides, move, work.pace)
    await work.at("torn down")
    wrong = await _differences(work, move, snapshot, accept_gone=accept_gone)
    if not wrong:
        return await work.journal.step(move, Phase.VERIFIED)
    if move.phase is not Phase.MISMATCH:
        await work.journal.step(move, Phase.MISMATCH)
    raise MoveProblem(
        f"MISMATCH in {move}: {'; '.join(wrong[:_TOLD_DIFFERENCES])}. Shard {move.source} keeps all its rows, behind the fence;"
        " see docs/how-to/move-shards.md."
    )


async def clean(work: Work, move: BucketMove) -> BucketMove:
    """Remove what moved from the source, when nobody looks for it there any more; the fence stays until the buckets return."""
    newest = await work.journal.newest_map()
    await known_to_all(work.journal, (work.sides.source, work.sides.target), newest.version, work.pace)
    await work.at("settled")
    await remove_rows(work.sides.source, move.buckets)
    await work.at("emptied")
    await _leave(work, move)
    return await work.journal.step(move, Phase.DONE, ends=True)


async def take_back(work: Work, move: BucketMove) -> BucketMove:
    """Remove everything that the move has made, before the flip."""
    await work.journal.calm_map()
    await lower_leftover(work, move)
    await work.at("calmed")
    await remove_copy(work, move)
    await unprotect(work.sides.target, move)
    await work.at("copy removed")
    await _leave(work, move)
    return await work.journal.step(move, Phase.ABORTED, ends=True)


async def _differences(work: Work, move: BucketMove, snapshot: "Connection | None", *, accept_gone: bool) -> list[str]:
    if snapshot is not None:
        since = await fenced_since(work.sides.source, move)
        source, target = await asyncio.gather(sums_of(work.sides.source, move, since), sums_of(snapshot, move, since))
        return differences(source, target)
    async with work.sides.target.transaction(isolation="repeatable_read", readonly=True):
        found = await compare_rows(work.sides.source, work.sides.target, move)
    if found.gone and not accept_gone:
        some = ", ".join(found.gone[:_TOLD_ROWS])
        return [*found.wrong, f"{len(found.gone)} rows are gone, by their owners' will or by loss: {some}"]
    return found.wrong


async def _leave(work: Work, move: BucketMove) -> None:
    for side in (work.sides.source, work.sides.target):
        await switch_triggers_off(side, work.pace)
        await remove_marks(side, move)
