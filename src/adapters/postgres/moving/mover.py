"""Moving buckets from one shard to another while they are in use (docs/adr/0020-moves-behind-a-fence.md).

Each phase is stored before its effects need it, and whoever takes a move up in a phase finds what was done and does the rest.
"""

from collections.abc import Awaitable, Callable, Mapping
from math import nan

from adapters.postgres.moving.connections import Connection, Sides, let_go
from adapters.postgres.moving.copying import copy
from adapters.postgres.moving.crossing import announce, cross, give_up_fence, lower_leftover
from adapters.postgres.moving.journal import MoveJournal
from adapters.postgres.moving.pace import Pace
from adapters.postgres.moving.problems import MoveProblem
from adapters.postgres.moving.settling import clean, take_back, verify
from adapters.postgres.moving.work import Attendance, Work
from domain.shared.bucket_move import BucketMove, Phase


class Mover:
    """Takes a move from its phase to its end; MoveProblem when that cannot be reached now, and `move` tells how far it is.

    `fenced_seconds` is how long writers may have waited, NaN where this mover put up no fence. With `accept_gone` sessions that
    are missing after an interrupted move count as deleted by their owners.
    """

    def __init__(
        self, sides: Sides, move: BucketMove, attendance: Attendance, pace: Pace | None = None, *, accept_gone: bool = False
    ) -> None:
        self.move, self.fenced_seconds = move, nan
        self._work = Work(sides, MoveJournal(sides.catalog), attendance, pace or Pace())
        self._accept_gone = accept_gone
        self._snapshot: Connection | None = None
        self._steps: Mapping[Phase, Callable[[], Awaitable[BucketMove]]] = {
            Phase.PLANNED: self._begin, Phase.COPYING: self._copy, Phase.CAUGHT_UP: self._announce, Phase.ANNOUNCED: self._cross,
            Phase.FENCING: self._give_up_fence, Phase.FLIPPED: self._verify, Phase.MISMATCH: self._verify,
            Phase.VERIFIED: self._clean, Phase.ABORTING: self._take_back,
        }

    async def run(self) -> None:
        """Go on until the move has ended."""
        try:
            if self.move.phase in {Phase.CAUGHT_UP, Phase.ANNOUNCED}:
                await lower_leftover(self._work, self.move)
            while self.move.phase in self._steps:
                self._work.stop_if_asked()
                self.move = await self._steps[self.move.phase]()
                await self._work.at(self.move.phase)
        finally:
            if self._snapshot is not None:
                await let_go(self._snapshot)

    async def abort(self) -> None:
        """Take the move back; MoveProblem once the buckets live on the target."""
        if not self.move.phase.revocable:
            raise MoveProblem(f"The {self.move}: they live there already; `onelast shards resume` finishes the move.")
        if self.move.phase is not Phase.ABORTING:
            self.move = await self._work.journal.step(self.move, Phase.ABORTING)
        await self._work.at(self.move.phase)
        self.move = await self._take_back()

    async def _begin(self) -> BucketMove:
        return await self._work.journal.step(self.move, Phase.COPYING)

    async def _copy(self) -> BucketMove:
        await copy(self._work, self.move)
        return await self._work.journal.step(self.move, Phase.CAUGHT_UP)

    async def _announce(self) -> BucketMove:
        return await announce(self._work, self.move)

    async def _give_up_fence(self) -> BucketMove:
        return await give_up_fence(self._work, self.move, Phase.CAUGHT_UP)

    async def _cross(self) -> BucketMove:
        crossed = await cross(self._work, self.move)
        self._snapshot, self.fenced_seconds = crossed.snapshot, crossed.fenced_seconds
        return crossed.move

    async def _verify(self) -> BucketMove:
        if self._snapshot is not None:
            await self._work.journal.note_fenced(self.move, self.fenced_seconds)
        return await verify(self._work, self.move, self._snapshot, accept_gone=self._accept_gone)

    async def _clean(self) -> BucketMove:
        return await clean(self._work, self.move)

    async def _take_back(self) -> BucketMove:
        return await take_back(self._work, self.move)
