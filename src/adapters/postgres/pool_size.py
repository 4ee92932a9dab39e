"""How many connections a process may open to a database; docs/reference/pools.md has the sources of each number."""

from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from typing import Final

from sqlalchemy import literal_column, select

from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from domain.shared.errors import Unavailable

# A burst of one process finds a connection without a queue: who queues costs the process a fifth of a reading more.
LEAST: Final = 20
# What migrations, backups, monitoring and a person with psql need beside the nodes.
ROOM: Final = 10
# PostgreSQL has `reserved_connections` since release 16.
_RESERVED: Final = (
    "current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int"
)
LIMITS: Final = Statement(
    select(literal_column("current_setting('max_connections')::int").label("most"), literal_column(_RESERVED).label("reserved")),
    "servers.read_limits",
)


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """How many connections a server admits, and how many of them it keeps for its own people."""

    most: int
    reserved: int

    @property
    def for_nodes(self) -> int:
        """What all nodes together may open."""
        return max(0, self.most - self.reserved - ROOM)


def pool_size(cores: int, *, pools: int = 1, limits: ServerLimits | None = None) -> int:
    """Return the size of one of `pools` equal pools on a server of so many cores: 2 x cores + 1 shared out, and what is admitted.

    A pool has LEAST connections at least, as long as the server admits that many for each.
    """
    busy_at_once = 2 * cores + 1
    share = max(LEAST, ceil(busy_at_once / pools))
    return share if limits is None else max(1, min(share, limits.for_nodes // pools))


async def fit(database: Database, cores: int, *, pools: int, admitted: bool = True) -> None:
    """Give a database's pool the size that suits its server.

    One that cannot be asked now is sized by its cores alone; so is, with `admitted` false, one whose connections a pooler opens.
    """
    limits = None
    if admitted:
        with suppress(Unavailable):
            limits = await read_limits(database)
    database.pool.size = pool_size(cores, pools=pools, limits=limits)


async def read_limits(database: Database) -> ServerLimits:
    """Ask the server how many connections it admits; Unavailable."""
    [row] = await database.rows(LIMITS)
    return ServerLimits(row["most"], row["reserved"])
