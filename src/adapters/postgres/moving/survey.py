"""What is where: rows and bytes of each bucket on a shard, its nodes, its fences, and what moves have left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapters.postgres.moving.connections import MOVER_LOCK, Connection
from adapters.postgres.moving.tables import TABLES
from domain.shared.identifiers import BUCKETS

_AT_ONCE: Final = 256
_ROWS: Final = " UNION ALL ".join(
    f"SELECT bucket, count(*) AS rows, sum(pg_column_size(t.*)) AS bytes FROM shard.{table} t WHERE bucket >= $1 AND bucket < $2"  # noqa: S608  (constants)
    " GROUP BY bucket" for table in TABLES
)
_BY_BUCKET: Final = f"SELECT bucket, sum(rows)::bigint AS rows, sum(bytes)::bigint AS bytes FROM ({_ROWS}) r GROUP BY bucket"  # noqa: S608
_OUT_OF_RANGE: Final = " + ".join(
    f"(SELECT count(*) FROM shard.{table} WHERE bucket < 0 OR bucket >= {BUCKETS})" for table in TABLES  # noqa: S608  (constants)
)
_NODES: Final = "SELECT id, map_version, shards FROM shard.nodes WHERE alive_until > now() ORDER BY id"
_MOVER: Final = """
SELECT EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = $1::bigint::oid AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""
_LEFT: Final = """
SELECT 'publication' AS kind, pubname::text AS name FROM pg_publication WHERE starts_with(pubname, 'onelast_move_')
UNION ALL SELECT 'slot', slot_name::text FROM pg_replication_slots
    WHERE starts_with(slot_name, 'onelast_move_') AND database = current_database()
UNION ALL SELECT 'subscription', subname::text FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
    WHERE starts_with(subname, 'onelast_move_') AND d.datname = current_database()
UNION ALL SELECT 'mark', move_id FROM shard.move_marks
UNION ALL SELECT 'trigger', tgname::text FROM pg_trigger WHERE tgname LIKE '%\\_unfenced' AND tgenabled <> 'D'
    AND tgrelid::regclass::text LIKE 'shard.%'
UNION ALL SELECT 'replica identity', relname::text FROM pg_class
    WHERE relnamespace = 'shard'::regnamespace AND relkind = 'r' AND relreplident = 'f'
ORDER BY 1, 2
"""

_SIZE: Final = """
SELECT sum(pg_total_relation_size(oid))::bigint AS bytes, sum(greatest(reltuples, 0))::bigint AS rows FROM pg_class
WHERE relnamespace = 'shard'::regnamespace AND relname = ANY($1) AND relkind = 'r'
"""
_COUNTED_BELOW: Final = 256_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """Rows and bytes with indexes; the rows of a large shard are estimated."""

    rows: int
    bytes: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class Weight:
    """What a bucket holds on a shard."""

    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LivingNode:
    """A node that renews its lease, the map it goes by and the number of shards that it knows."""

    id: str
    map_version: int
    shards: int


async def read_size(shard: Connection) -> Size:
    """Return how large the shard is."""
    row = await shard.fetchrow(_SIZE, list(TABLES))
    assert row is not None
    if row["bytes"] > _COUNTED_BELOW:
        return Size(row["rows"], row["bytes"], estimated=True)
    counts = " + ".join(f"(SELECT count(*) FROM shard.{table})" for table in TABLES)  # noqa: S608  (constants)
    return Size(await shard.fetchval(f"SELECT {counts}"), row["bytes"], estimated=False)


async def held_by_mover(catalog: Connection) -> bool:
    """Tell whether a mover is at work."""
    found: bool = await catalog.fetchval(_MOVER, MOVER_LOCK)
    return found


async def owners_pinned(catalog: Connection) -> Mapping[str, int]:
    """Return the shards of owners who are pinned."""
    return {row["user_id"]: row["shard"] for row in await catalog.fetch("SELECT user_id, shard FROM catalog.shard_pins")}


async def weigh(shard: Connection) -> Mapping[int, Weight]:
    """Return what each bucket that has rows on the shard holds, having read some buckets at a time."""
    found: dict[int, Weight] = {}
    for first in range(0, BUCKETS, _AT_ONCE):
        rows = await shard.fetch(_BY_BUCKET, first, first + _AT_ONCE)
        found |= {row["bucket"]: Weight(row["rows"], row["bytes"] or 0) for row in rows}
    return found


async def stray_rows(shard: Connection) -> int:
    """Return how many rows bear a bucket that does not exist."""
    count: int = await shard.fetchval(f"SELECT {_OUT_OF_RANGE}")
    return count


async def living_nodes(shard: Connection) -> list[LivingNode]:
    """Return the nodes that are alive."""
    return [LivingNode(**row) for row in await shard.fetch(_NODES)]


async def fences_on(shard: Connection) -> Mapping[int, str]:
    """Return each fenced bucket with the name of its fence."""
    return {row["bucket"]: row["move_id"] for row in await shard.fetch("SELECT bucket, move_id FROM shard.fences")}


async def left_by_moves(shard: Connection) -> list[tuple[str, str]]:
    """Return the kinds and names of what only an open move may have there."""
    return [(row["kind"], row["name"]) for row in await shard.fetch(_LEFT)]


async def has_owners(shard: Connection) -> bool:
    """Tell whether anybody has anything on the shard."""
    some = " OR ".join(f"EXISTS (SELECT FROM shard.{table})" for table in TABLES)
    found: bool = await shard.fetchval(f"SELECT {some}")
    return found
