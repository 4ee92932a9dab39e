"""What a server counts of the statements that were run, by their names: pg_stat_statements.

No text of a statement is told, so no value either; what has no name is added up.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from adapters.postgres.primary import Primary

_EXTENSION: Final = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"
_UNABLE: Final = (
    asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError,
    asyncpg.ObjectNotInPrerequisiteStateError, asyncpg.ReadOnlySQLTransactionError, asyncpg.UndefinedTableError,
)
_READ: Final = r"""
WITH named AS (
    SELECT coalesce(substring(query FROM '^\s*\w+ /\* ([a-z_.+]+) \*/'), '(others)') AS name,
        calls, total_exec_time AS total, max_exec_time AS longest, rows, shared_blks_hit AS hit, shared_blks_read AS read
    FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT name, sum(calls)::bigint AS calls, sum(total) / greatest(sum(calls), 1) AS mean_ms, max(longest) AS longest_ms,
    sum(total) / greatest(sum(sum(total)) OVER (), 1e-9) AS share, sum(rows)::bigint AS rows,
    sum(hit)::bigint AS blocks_hit, sum(read)::bigint AS blocks_read
FROM named GROUP BY name ORDER BY sum(total) DESC, name LIMIT $1
"""


class NoStatistics(Exception):
    """The server does not count statements, or does not let us read it."""


@dataclass(frozen=True, slots=True)
class QueryStatistics:
    """One name's statements since the counting began; `share` is of the time of all statements, 0 to 1."""

    name: str
    calls: int
    mean_ms: float
    longest_ms: float
    share: float
    rows: int
    blocks_hit: int
    blocks_read: int


async def read_statistics(dsn: str, limit: int, *, patience: float) -> list[QueryStatistics]:
    """Return the names that took most time, at most `limit`; NoStatistics, or the driver's error.

    The extension is made where it is missing and may be made.
    """
    connection = await Primary(dsn, timeout=patience, command_timeout=patience).connect()
    try:
        return [QueryStatistics(**row) for row in await _read(connection, limit)]
    except _UNABLE as error:
        raise NoStatistics from error
    finally:
        with suppress(Exception):
            await connection.close(timeout=1)
        connection.terminate()


async def _read(connection: Any, limit: int) -> Any:
    if not await connection.fetchval("SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements'"):
        await connection.execute(_EXTENSION)
    return await connection.fetch(_READ, limit)
