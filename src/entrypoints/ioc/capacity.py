"""Whether a database server admits what all nodes together may open, and bounds what comes through a pooler."""

from collections.abc import Mapping
from typing import Any

from adapters.postgres.connecting import BOUNDS
from adapters.postgres.pool_size import LIMITS, ROOM, ServerLimits, pool_size
from entrypoints.ioc.pools import cores_of, server_of
from entrypoints.settings import Settings

_LIVING = "SELECT count(*) FROM shard.nodes WHERE alive_until > now()"


async def capacity_problem(connection: Any, settings: Settings, dsn: str) -> str | None:
    """Return what does not fit between the settings and the server at the end of this connection, or None."""
    if settings.pooler == "pgbouncer":
        bounds = await connection.fetchrow("SELECT " + ", ".join(f"current_setting('{name}') AS {name}" for name in BOUNDS))
        return _unbounded(bounds)
    row = await connection.fetchrow(LIMITS.text)
    nodes = max(settings.nodes, await _living(connection))
    return _too_many(settings, dsn, nodes, ServerLimits(row["most"], row["reserved"]))


def _unbounded(bounds: Mapping[str, str]) -> str | None:
    missing = [name for name in BOUNDS if bounds[name] == "0"]
    if not missing:
        return None
    return f"sets no bound to what comes through the pooler: {', '.join(missing)}; give them to the role by ALTER ROLE … SET"


def _too_many(settings: Settings, dsn: str, nodes: int, limits: ServerLimits) -> str | None:
    """Return that all nodes' pools do not fit on the server, or None."""
    sharing = _pools_on(settings, server_of(dsn))
    size = settings.pool_size or pool_size(cores_of(settings), pools=sharing * settings.nodes, limits=limits)
    total = nodes * sharing * size
    if total <= limits.for_nodes:
        return None
    each = f"{sharing} pools of {size}" if sharing > 1 else f"{size}"
    return (
        f"has no room: {nodes} nodes may open {each} connections each, {total} in all, and it admits {limits.for_nodes}"
        f" (max_connections {limits.most}, less {limits.reserved} reserved and {ROOM} for everything else);"
        " see docs/reference/pools.md"
    )


def _pools_on(settings: Settings, server: str) -> int:
    """Return how many pools each node opens to a server."""
    return sum(server_of(dsn) == server for dsn in {settings.require_catalog(), *settings.shards})


async def _living(connection: Any) -> int:
    """Return how many nodes serve now; 0 where that is not known."""
    known = await connection.fetchval("SELECT to_regclass('shard.nodes') IS NOT NULL")
    return int(await connection.fetchval(_LIVING)) if known else 0
