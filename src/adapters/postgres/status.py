"""What a database server says of itself and of the tree in it."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from adapters.postgres.migration_lock import LOCKS
from adapters.postgres.primary import Primary
from adapters.postgres.revisions import Stamp, Tree, read_stamp

# An advisory lock with one 64-bit key shows its halves; ours fit into the lower one.
_STATE: Final = """
SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS standby,
    pg_database_size(current_database()) AS bytes,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
    current_setting('max_connections')::int AS most_connections,
    EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = $1::bigint::oid AND objsubid = 1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS migrating
"""


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """A database that answers. Connections are those of clients to the whole server; `bytes` are this database's."""

    version: str
    standby: bool
    bytes: int
    connections: int
    most_connections: int
    migrating: bool
    stamp: Stamp | None


async def read_state(dsn: str, tree: Tree, *, patience: float) -> DatabaseState:
    """Ask the server; the driver's error, OSError or TimeoutError after `patience` seconds. Nothing is changed."""
    connection = await Primary(dsn, timeout=patience, command_timeout=patience, statement_cache_size=0).connect()
    try:
        row = await connection.fetchrow(_STATE, LOCKS[tree])
        return DatabaseState(**row, stamp=await read_stamp(connection, tree))
    finally:
        with suppress(Exception):
            await connection.close(timeout=1)
        connection.terminate()
