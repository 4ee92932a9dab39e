"""Reading where things belong, without making a first map where there is none."""

from typing import Final

from sqlalchemy import select

from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from adapters.postgres.tables import SHARD_MAPS, SHARD_MOVES, SHARD_PINS
from domain.consistency.whereabouts import Whereabouts
from domain.shared.shard_map import ShardMap

_NEWEST: Final = Statement(
    select(SHARD_MAPS.c.version, SHARD_MAPS.c.shards).order_by(SHARD_MAPS.c.version.desc()).limit(1), "consistency.find_map"
)
_MOVES: Final = Statement(
    select(SHARD_MOVES.c.buckets, SHARD_MOVES.c.source, SHARD_MOVES.c.target).where(SHARD_MOVES.c.ended_at.is_(None)),
    "consistency.list_moves",
)
_PINS: Final = Statement(select(SHARD_PINS.c.user_id, SHARD_PINS.c.shard), "consistency.list_pins")


async def read_whereabouts(catalog: Database, shard_count: int, *, directory: bool) -> Whereabouts:
    """Return the newest map (or the one that a first node would make), the open moves, and with a `directory` the pins.

    The moves are read first and last of all: one that begins or ends in between is there either way.
    """
    moves = list(await catalog.rows(_MOVES))
    row = await catalog.row(_NEWEST)
    pins = await catalog.rows(_PINS) if directory else []
    moves += await catalog.rows(_MOVES)
    newest = ShardMap.even(shard_count) if row is None else ShardMap(row["version"], tuple(row["shards"]))
    return Whereabouts(
        newest.version, newest.shards, shard_count, {pin["user_id"]: pin["shard"] for pin in pins},
        {bucket: {move["source"], move["target"]} for move in moves for bucket in move["buckets"]},
    )
