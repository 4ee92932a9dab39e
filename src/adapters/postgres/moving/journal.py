"""Moves and maps in the catalog.

Each step is one statement that asks for the phase it comes from, so that of two one is refused.
"""

from typing import Final

import asyncpg

from adapters.postgres.moving.connections import Connection
from adapters.postgres.moving.problems import MoveProblem
from domain.shared.bucket_move import BucketMove, Phase
from domain.shared.shard_map import ShardMap

_COLUMNS: Final = "id, buckets, source, target, phase, fence"
_NEWEST: Final = "SELECT version, shards, moving FROM catalog.shard_maps ORDER BY version DESC LIMIT 1"
_OPEN: Final = f"SELECT {_COLUMNS} FROM catalog.shard_moves WHERE ended_at IS NULL"  # noqa: S608  (constants)
_BEGIN: Final = "INSERT INTO catalog.shard_moves (id, buckets, source, target, phase) VALUES ($1, $2, $3, $4, $5)"
_STEP: Final = (
    "UPDATE catalog.shard_moves SET phase = $3, fence = coalesce($4, fence), ended_at = CASE WHEN $5 THEN now() END"  # noqa: S608  (constants)
    f" WHERE id = $1 AND phase = $2 AND ended_at IS NULL RETURNING {_COLUMNS}"
)
_STEP_WITH_MAP: Final = f"""
WITH step AS (
    UPDATE catalog.shard_moves SET phase = $3
    WHERE id = $1 AND phase = $2 AND fence IS NOT DISTINCT FROM $7 AND ended_at IS NULL RETURNING {_COLUMNS}
), map AS (
    INSERT INTO catalog.shard_maps (version, shards, moving)
    SELECT $4, $5::smallint[], $6::smallint[] FROM step RETURNING version
)
SELECT {_COLUMNS} FROM step, map
"""  # noqa: S608  (constants)


class MoveJournal:
    """What the catalog says of moves, by a connection that holds the mover's lock."""

    def __init__(self, catalog: Connection) -> None:
        self._catalog = catalog

    async def newest_map(self) -> ShardMap:
        """Return the newest map; MoveProblem when no node has made one yet."""
        row = await self._catalog.fetchrow(_NEWEST)
        if row is None:
            raise MoveProblem("There is no shard map yet: start a node first.")
        return ShardMap(row["version"], tuple(row["shards"]), frozenset(row["moving"]))

    async def open_move(self) -> BucketMove | None:
        """Return the move that has not ended."""
        row = await self._catalog.fetchrow(_OPEN)
        return None if row is None else move_from(row)

    async def begin(self, move: BucketMove) -> None:
        """Store a new move; MoveProblem while another is open."""
        try:
            await self._catalog.execute(_BEGIN, move.id, list(move.buckets), move.source, move.target, move.phase)
        except asyncpg.UniqueViolationError:
            raise MoveProblem("A move is open already: `onelast shards resume` goes on with it, `abort` takes it back.") from None

    async def step(self, move: BucketMove, phase: Phase, *, fence: str | None = None, ends: bool = False) -> BucketMove:
        """Store the next phase; MoveProblem if the move is not as it was read."""
        row = await self._catalog.fetchrow(_STEP, move.id, move.phase, phase, fence, ends)
        return _stepped(move, row)

    async def step_with_map(self, move: BucketMove, phase: Phase, shard_map: ShardMap) -> BucketMove:
        """Store the next phase and the next map, both or neither; MoveProblem if the move or its fence is not as it was read."""
        row = await self._catalog.fetchrow(
            _STEP_WITH_MAP, move.id, move.phase, phase, shard_map.version, list(shard_map.shards), sorted(shard_map.moving),
            move.fence,
        )
        return _stepped(move, row)

    async def calm_map(self) -> int:
        """Publish a map in which nothing is moving, unless the newest is such a one; return the newest version."""
        newest = await self.newest_map()
        if not newest.moving:
            return newest.version
        calm = newest.announcing(())
        await self._catalog.execute(
            "INSERT INTO catalog.shard_maps (version, shards) VALUES ($1, $2)", calm.version, list(calm.shards)
        )
        return calm.version

    async def note_fenced(self, move: BucketMove, seconds: float) -> None:
        """Store for how long the fence stood."""
        await self._catalog.execute("UPDATE catalog.shard_moves SET fenced_seconds = $2 WHERE id = $1", move.id, seconds)

    async def age_of_map(self, version: int) -> float:
        """Return for how many seconds a map has been published."""
        age: float = await self._catalog.fetchval(
            "SELECT extract(epoch FROM clock_timestamp() - created_at)::float8 FROM catalog.shard_maps WHERE version = $1",
            version,
        )
        return age


def move_from(row: "asyncpg.Record") -> BucketMove:
    """Return the move that a row holds."""
    return BucketMove(
        row["id"], tuple(sorted(row["buckets"])), row["source"], row["target"], Phase(row["phase"]), row["fence"]
    )


def _stepped(move: BucketMove, row: "asyncpg.Record | None") -> BucketMove:
    if row is None:
        raise MoveProblem(f"The move is not in phase {move.phase} any more: somebody else has gone on with it or taken it back.")
    return move_from(row)
