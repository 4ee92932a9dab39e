"""Comparing row by row when the target has gone on since: after a mover that died between the flip and its checksums.

Each row of the source must be on the target, the same or a later version of it. One that is not there may have been deleted by
its owner since: if its whole session is gone, that cannot be told from a loss, and a person has to say so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from adapters.postgres.moving.connections import Connection
from domain.shared.bucket_move import BucketMove

_Row: TypeAlias = tuple[str | None, int, int]  # the session, the version, the hash
_READINGS: Final[Mapping[str, str]] = {
    "sessions": "id AS key, id AS session, version",
    "messages": "id AS key, session_id AS session, 0 AS version",
    "runs": "id AS key, session_id AS session, version",
    "shares": "id AS key, session_id AS session, version",
    "usage_entries": "id AS key, NULL AS session, 0 AS version",
    # Sums only ever grow: one that has grown is a later version.
    "usage_days": "owner_id || '/' || day || '/' || agent_id || '/' || model AS key, NULL AS session, replies AS version",
    "idempotency_keys": "owner_id || '/' || key AS key, NULL AS session, extract(epoch FROM created_at)::bigint AS version",
}
_KEPT: Final = {"idempotency_keys": " AND created_at > now() - interval '23 hours'"}


@dataclass(slots=True)
class Comparison:
    """What is wrong for sure, and the sessions and keys that are gone, by whose doing is not known."""

    wrong: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


async def compare_rows(source: Connection, target: Connection, move: BucketMove) -> Comparison:
    """Compare bucket by bucket."""
    found = Comparison()
    for bucket in move.buckets:
        sessions = set(await _rows(target, "sessions", bucket))
        for table in _READINGS:
            mine, yours = await _rows(source, table, bucket), await _rows(target, table, bucket)
            for key, row in mine.items():
                if key in yours:
                    found.wrong += _worse(table, key, row, yours[key])
                elif row[0] is None or row[0] not in sessions:
                    found.gone.append(f"{table} {key}")
                else:
                    found.wrong.append(f"{table} {key} is missing")
    return found


def _worse(table: str, key: str, source: _Row, target: _Row) -> Iterator[str]:
    if target[1] < source[1] or (target[1] == source[1] and target[2] != source[2]):
        yield f"{table} {key} is not what it was"


async def _rows(connection: Connection, table: str, bucket: int) -> dict[str, _Row]:
    rows = await connection.fetch(
        f"SELECT {_READINGS[table]}, hashtextextended(t::text, 0) AS hash"  # noqa: S608  (constants)
        f" FROM shard.{table} t WHERE bucket = $1{_KEPT.get(table, '')}",
        bucket,
    )
    return {row["key"]: (row["session"], row["version"], row["hash"]) for row in rows}
