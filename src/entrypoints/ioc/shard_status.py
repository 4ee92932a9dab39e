"""The shards as they are: what each holds, who goes by which map, and whether anything contradicts the map."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Literal

import msgspec

from adapters.postgres.moving.connections import Connection, connected
from adapters.postgres.moving.journal import MoveJournal
from adapters.postgres.moving.survey import (
    LivingNode,
    Weight,
    fences_on,
    held_by_mover,
    left_by_moves,
    living_nodes,
    owners_pinned,
    read_size,
    stray_rows,
    weigh,
)
from domain.shared.bucket_move import BucketMove
from domain.shared.identifiers import BUCKETS, bucket_of
from domain.shared.rebalancing import Relocation, loads_after, plan_relocations
from domain.shared.shard_map import ShardMap
from entrypoints.ioc.moving import addresses_of, told
from entrypoints.settings import Settings

Measure = Literal["bytes", "rows"]
# What a bucket without anything counts, so that without any data the buckets themselves are spread evenly.
_EMPTY_BUCKET: Final[Mapping[Measure, float]] = {"bytes": 1024.0, "rows": 1.0}


class ShardStatus(msgspec.Struct, frozen=True):
    """One shard; `rows` are the server's estimate where counting would take long."""

    shard: int
    buckets: int
    rows: int
    rows_estimated: bool
    bytes: int
    nodes: Sequence[LivingNode]


class OpenMove(msgspec.Struct, frozen=True):
    """The move that has not ended, and whether somebody is at work on it."""

    id: str
    phase: str
    source: int
    target: int
    buckets: Sequence[int]
    running: bool


class Status(msgspec.Struct, frozen=True):
    """All shards, under the newest map."""

    map_version: int
    shards: Sequence[ShardStatus]
    move: OpenMove | None


class Balance(msgspec.Struct, frozen=True):
    """A plan, with what each shard carries before and after it, by this measure."""

    measure: Measure
    plan: Sequence[Relocation]
    before: Sequence[float]
    after: Sequence[float]


async def read_shards(settings: Settings) -> Status:
    """Return the status; ShardsProblem when a database is away."""
    async with told(), everything(settings) as (catalog, shards):
        journal = MoveJournal(catalog)
        newest, move = await journal.newest_map(), await journal.open_move()
        found = [await _status(number, shard, newest) for number, shard in enumerate(shards)]
        running = move is not None and await held_by_mover(catalog)
        return Status(newest.version, found, _open(move, running) if move else None)


async def plan_balance(settings: Settings, measure: Measure) -> Balance:
    """Return what would make the shards even by this measure; buckets of pinned owners stay where they are."""
    async with told(), everything(settings) as (catalog, shards):
        newest = await MoveJournal(catalog).newest_map()
        pins = await owners_pinned(catalog) if settings.shard_routing == "directory" else {}
        weights = [_EMPTY_BUCKET[measure]] * BUCKETS
        for number, shard in enumerate(shards):
            for bucket, weight in (await weigh(shard)).items():
                if 0 <= bucket < BUCKETS and newest.shards[bucket] == number:
                    weights[bucket] += weight.rows if measure == "rows" else weight.bytes
    plan = plan_relocations(newest.shards, weights, len(shards), fixed={bucket_of(owner) for owner in pins})
    before = loads_after(newest.shards, weights, len(shards), ())
    return Balance(measure, plan, before, loads_after(newest.shards, weights, len(shards), plan))


async def contradictions(settings: Settings) -> list[str]:
    """Return in sentences what does not agree with the newest map and the open move; a running move is left out of it."""
    async with told(), everything(settings) as (catalog, shards):
        journal = MoveJournal(catalog)
        move, newest = await journal.open_move(), await journal.newest_map()
        pins = await owners_pinned(catalog) if settings.shard_routing == "directory" else {}
        found = []
        for number, shard in enumerate(shards):
            found += _astray(number, await weigh(shard), newest, move, pins)
            found += _unfit(number, await fences_on(shard), newest, move)
            if strays := await stray_rows(shard):
                found.append(f"Shard {number} has {strays} rows of buckets that do not exist.")
            if move is None or number not in {move.source, move.target}:
                left = await left_by_moves(shard)
                found += [f"Shard {number} has the {kind} {name}, which a move has left." for kind, name in left]
        return [] if await _changed(journal, newest, move) else found


async def _changed(journal: MoveJournal, newest: ShardMap, move: BucketMove | None) -> bool:
    """Tell whether a move went on while the shards were looked at, so that nothing is known."""
    later = await journal.open_move()
    return (await journal.newest_map()).version != newest.version or (later and later.phase) != (move and move.phase)


def _astray(
    number: int, weights: Mapping[int, Weight], newest: ShardMap, move: BucketMove | None, pins: Mapping[str, int]
) -> list[str]:
    pinned = {bucket_of(owner) for owner, shard in pins.items() if shard == number}
    moving = set(move.buckets) if move and number in {move.source, move.target} else set()
    return [
        f"Shard {number} has {weight.rows} rows of bucket {bucket}, which lives on shard {newest.shards[bucket]}."
        for bucket, weight in weights.items()
        if 0 <= bucket < BUCKETS and newest.shards[bucket] != number and bucket not in pinned and bucket not in moving
    ]


def _unfit(number: int, fences: Mapping[int, str], newest: ShardMap, move: BucketMove | None) -> list[str]:
    moving = set(move.buckets) if move else set()
    return [
        f"Shard {number} has the fence {name} around bucket {bucket}, which lives there: nobody tends its runs."
        for bucket, name in fences.items() if newest.shards[bucket] == number and bucket not in moving
    ]


async def _status(number: int, shard: Connection, newest: ShardMap) -> ShardStatus:
    size = await read_size(shard)
    return ShardStatus(
        number, len(newest.buckets_of(number)), size.rows, size.estimated, size.bytes, await living_nodes(shard)
    )


def _open(move: BucketMove, running: bool) -> OpenMove:
    return OpenMove(move.id, move.phase, move.source, move.target, move.buckets, running)


@asynccontextmanager
async def everything(settings: Settings) -> AsyncIterator[tuple[Connection, list[Connection]]]:
    """Connect to the catalog and all shards."""
    addresses = addresses_of(settings)
    async with AsyncExitStack() as stack:
        catalog = await stack.enter_async_context(connected(addresses.catalog, "catalog"))
        shards = [
            await stack.enter_async_context(connected(dsn, f"shard {number}")) for number, dsn in enumerate(addresses.shards)
        ]
        yield catalog, shards

