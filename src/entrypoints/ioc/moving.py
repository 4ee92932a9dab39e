"""Moving buckets between the shards that the settings name, over connections of its own."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from adapters.postgres.moving.connections import Connection
from adapters.postgres.moving.journal import MoveJournal
from adapters.postgres.moving.mover import Mover
from adapters.postgres.moving.opening import Addresses, only_mover, sides_of
from adapters.postgres.moving.pace import Pace
from adapters.postgres.moving.preconditions import require_possible
from adapters.postgres.moving.problems import MoveProblem, Stopped, Unreachable
from adapters.postgres.moving.tables import count_rows, measure_bytes
from adapters.postgres.moving.work import Attendance
from adapters.system.entropy import SystemEntropy
from domain.shared.bucket_move import BucketMove, buckets_text
from domain.shared.rebalancing import Relocation
from entrypoints.ioc.schema import CANNOT_ASK, reason
from entrypoints.problems import OperatorProblem
from entrypoints.settings import Settings

_GO_ON: Final = "`onelast shards resume` goes on with it, `onelast shards abort` takes it back."
_MEGABYTE: Final = 1_000_000


class ShardsProblem(OperatorProblem):
    """What was asked of the shards cannot be done, or not to its end; the message says why."""


class MoveStopped(Exception):
    """Somebody asked the move to stop; the message tells how to go on."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who hears of a move: sentences, rows copied of rows, and what stops it."""

    tell: Callable[[str], None]
    copied: Callable[[int, int], None]
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def attendance(self) -> Attendance:
        """Return what a mover takes."""
        return Attendance(self.copied, stop=self.stop)


@dataclass(frozen=True, slots=True)
class Batching:
    """How many buckets move at once, and how many megabytes a second on the average (None: as fast as it goes)."""

    buckets: int = 64
    rate: float | None = None
    pace: Pace = field(default_factory=Pace)


async def holders_of(settings: Settings, buckets: Sequence[int], target: int) -> list[Relocation]:
    """Return how these buckets come to the target from where they are."""
    async with told(), only_mover(addresses_of(settings)) as catalog:
        newest = await MoveJournal(catalog).newest_map()
    homes = {bucket: newest.shards[bucket] for bucket in buckets}
    sources = sorted({home for home in homes.values() if home != target})
    if not sources:
        raise ShardsProblem(f"Shard {target} holds {buckets_text(tuple(buckets))} already.")
    return [Relocation(source, target, tuple(bucket for bucket in buckets if homes[bucket] == source)) for source in sources]


async def relocate(settings: Settings, plan: Sequence[Relocation], batching: Batching, watch: Watch) -> None:
    """Move batch after batch; ShardsProblem, MoveStopped. What was moved before stays moved."""
    addresses = addresses_of(settings)
    async with told(), only_mover(addresses) as catalog:
        journal = MoveJournal(catalog)
        if (move := await journal.open_move()) is not None:
            raise MoveProblem(f"There is an open move of {move}, in phase {move.phase}: {_GO_ON}")
        for relocation in plan:
            for start in range(0, len(relocation.buckets), batching.buckets):
                some = relocation.buckets[start : start + batching.buckets]
                await _move(settings, catalog, Relocation(relocation.source, relocation.target, some), batching, watch)


async def _move(settings: Settings, catalog: Connection, batch: Relocation, batching: Batching, watch: Watch) -> None:
    move = BucketMove(SystemEntropy().identifier("move", 0), batch.buckets, batch.source, batch.target)
    journal, began = MoveJournal(catalog), asyncio.get_running_loop().time()
    async with sides_of(addresses_of(settings), catalog, batch.source, batch.target) as sides:
        if watch.stop.is_set():
            raise MoveStopped("Stopped between two moves; nothing is open.")
        await require_possible(sides, journal, move, directory=settings.shard_routing == "directory")
        rows, size = sum((await count_rows(sides.source, move.buckets)).values()), await measure_bytes(sides.source, move.buckets)
        watch.tell(f"Moving {move}: {rows} rows, {size / _MEGABYTE:.1f} MB.")
        await journal.begin(move)
        mover = Mover(sides, move, watch.attendance(), batching.pace)
        await _finish(mover, watch)
    if batching.rate:
        rest = size / _MEGABYTE / batching.rate - (asyncio.get_running_loop().time() - began)
        await _rest(rest, watch)


async def resume(settings: Settings, watch: Watch, *, accept_gone: bool = False, pace: Pace | None = None) -> None:
    """Go on with the open move; ShardsProblem, MoveStopped."""
    async with told(), _open_mover(settings, watch, pace or Pace(), accept_gone=accept_gone) as mover:
        watch.tell(f"Going on with {mover.move}, in phase {mover.move.phase}.")
        await _finish(mover, watch)


async def abort(settings: Settings, watch: Watch, *, pace: Pace | None = None) -> None:
    """Take the open move back; ShardsProblem."""
    async with told(), _open_mover(settings, watch, pace or Pace()) as mover:
        watch.tell(f"Taking back {mover.move}, in phase {mover.move.phase}.")
        await mover.abort()
        watch.tell("Everything is as it was.")


@asynccontextmanager
async def _open_mover(settings: Settings, watch: Watch, pace: Pace, *, accept_gone: bool = False) -> AsyncIterator[Mover]:
    addresses = addresses_of(settings)
    async with only_mover(addresses) as catalog:
        move = await MoveJournal(catalog).open_move()
        if move is None:
            raise MoveProblem("No move is open.")
        async with sides_of(addresses, catalog, move.source, move.target) as sides:
            yield Mover(sides, move, watch.attendance(), pace, accept_gone=accept_gone)


async def _finish(mover: Mover, watch: Watch) -> None:
    try:
        await mover.run()
    except Stopped:
        raise MoveStopped(f"Stopped in phase {mover.move.phase}: {_GO_ON}") from None
    except CANNOT_ASK as error:
        raise MoveProblem(f"The move was interrupted in phase {mover.move.phase} ({reason(error)}): {_GO_ON}") from error
    waited = "" if math.isnan(mover.fenced_seconds) else f"; writers waited for {mover.fenced_seconds * 1000:.0f} ms at most"
    watch.tell(f"Ended in phase {mover.move.phase}{waited}.")


async def _rest(seconds: float, watch: Watch) -> None:
    if seconds > 0:
        watch.tell(f"Resting for {seconds:.0f} s to keep to the rate.")
        try:
            await asyncio.wait_for(watch.stop.wait(), seconds)
        except TimeoutError:
            return
        raise MoveStopped("Stopped between two moves; nothing is open.")


def addresses_of(settings: Settings) -> Addresses:
    """Return the addresses; ShardsProblem behind a pooler, which has no sessions to hold a lock."""
    if settings.pooler != "none":
        raise ShardsProblem(
            "`onelast shards` needs sessions of its own: run it with ONELAST_POOLER=none"
            " and DSNs that lead to the servers directly."
        )
    return Addresses(settings.require_catalog(), settings.shards, settings.move_dsns or settings.shards)


@asynccontextmanager
async def told() -> AsyncIterator[None]:
    """Tell an operator's problems as such."""
    try:
        yield
    except MoveProblem as problem:
        raise ShardsProblem(str(problem)) from problem
    except Unreachable as away:
        raise ShardsProblem(f"The {away} cannot be reached: {reason(away.__cause__ or away)}.") from away
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InvalidSchemaNameError) as error:
        raise ShardsProblem("A database has not this release's schema: run `onelast migrate` first.") from error
    except CANNOT_ASK as error:
        raise ShardsProblem(f"A database gave up: {reason(error)}.") from error

