"""Whether the target has what the source had: counts and checksums that do not depend on the order of rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeAlias

from adapters.postgres.moving.connections import Connection
from adapters.postgres.moving.tables import TABLES
from domain.shared.bucket_move import BucketMove

# A table and a bucket: the number of rows, and the sum of their hashes.
Sums: TypeAlias = Mapping[tuple[str, int], tuple[int, int]]
_FENCED_SINCE: Final = "SELECT min(since) FROM shard.fences WHERE bucket = ANY($1)"
# Keys that have had their day may be forgotten on either side at any moment.
_KEPT: Final = " AND created_at > $2::timestamptz - interval '23 hours'"
_ALL: Final = " AND $2::timestamptz IS NOT NULL"


async def fenced_since(source: Connection, move: BucketMove) -> datetime:
    """Return since when nothing was written in these buckets."""
    moment: datetime = await source.fetchval(_FENCED_SINCE, list(move.buckets))
    return moment


async def sums_of(connection: Connection, move: BucketMove, since: datetime) -> Sums:
    """Return the sums of all tables and buckets that have rows."""
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for table in TABLES:
        rows = await connection.fetch(
            f"SELECT bucket, count(*) AS rows, sum(hashtextextended(t::text, 0)::numeric) AS hashes FROM shard.{table} t"  # noqa: S608
            f" WHERE bucket = ANY($1){_KEPT if table == 'idempotency_keys' else _ALL} GROUP BY bucket",
            list(move.buckets), since,
        )
        found |= {(table, row["bucket"]): (row["rows"], int(row["hashes"])) for row in rows}
    return found


def differences(source: Sums, target: Sums) -> list[str]:
    """Return what differs, in words."""
    nothing = (0, 0)
    return [
        f"{table} of bucket {bucket}: {source.get((table, bucket), nothing)[0]} rows there,"
        f" {target.get((table, bucket), nothing)[0]} here"
        for table, bucket in sorted({*source, *target}) if source.get((table, bucket)) != target.get((table, bucket))
    ]
