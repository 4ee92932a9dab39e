"""The tables that carry a bucket, and what is done with all rows of some buckets."""

from typing import Final

from adapters.postgres.moving.connections import Connection, patiently
from adapters.postgres.moving.pace import Pace

# In the order in which rows are removed: a session's own removal then finds nothing left that hangs on it.
TABLES: Final = ("messages", "runs", "idempotency_keys", "shares", "usage_entries", "usage_days", "sessions")
_BATCH: Final = 2000


async def count_rows(connection: Connection, buckets: tuple[int, ...]) -> dict[str, int]:
    """Return the rows of each table in these buckets."""
    return {
        table: await connection.fetchval(f"SELECT count(*) FROM shard.{table} WHERE bucket = ANY($1)", list(buckets))  # noqa: S608
        for table in TABLES
    }


async def measure_bytes(connection: Connection, buckets: tuple[int, ...]) -> int:
    """Return about how many bytes the rows in these buckets take."""
    sums = " + ".join(
        f"(SELECT coalesce(sum(pg_column_size(t.*)), 0) FROM shard.{table} t WHERE bucket = ANY($1))" for table in TABLES  # noqa: S608  (constants)
    )
    size: int = await connection.fetchval(f"SELECT ({sums})::bigint", list(buckets))
    return size


async def remove_rows(connection: Connection, buckets: tuple[int, ...]) -> None:
    """Remove all rows in these buckets, some at a time; the fence lets a mover's connection pass."""
    for table in TABLES:
        some = f"SELECT ctid FROM shard.{table} WHERE bucket = ANY($1) LIMIT {_BATCH}"  # noqa: S608
        statement = f"DELETE FROM shard.{table} WHERE ctid = ANY(ARRAY({some}))"  # noqa: S608
        while await connection.execute(statement, list(buckets)) != "DELETE 0":
            pass


async def switch_on(source: Connection, pace: Pace) -> None:
    """Let writers look at fences, and the log hold whole old rows: the publication's filter reads their bucket."""
    for table in TABLES:
        await patiently(
            source, f"ALTER TABLE shard.{table} ENABLE TRIGGER {table}_unfenced, REPLICA IDENTITY FULL",
            short=pace.short, within=pace.locks,
        )


async def switch_triggers_on(shard: Connection, pace: Pace) -> None:
    """Let writers look at fences."""
    for table in TABLES:
        await patiently(
            shard, f"ALTER TABLE shard.{table} ENABLE TRIGGER {table}_unfenced", short=pace.short, within=pace.locks
        )


async def switch_identity_off(source: Connection, pace: Pace) -> None:
    """Let the log hold no more of old rows than their keys."""
    for table in TABLES:
        await patiently(source, f"ALTER TABLE shard.{table} REPLICA IDENTITY DEFAULT", short=pace.short, within=pace.locks)


async def switch_triggers_off(source: Connection, pace: Pace) -> None:
    """Let writers look at fences no more."""
    for table in TABLES:
        await patiently(
            source, f"ALTER TABLE shard.{table} DISABLE TRIGGER {table}_unfenced", short=pace.short, within=pace.locks
        )
