"""A session of moving: the mover's lock, and connections to the two shards of a move."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from adapters.postgres.moving.connections import (
    MOVER_LOCK,
    SIDE_LOCK,
    Connection,
    Sides,
    connect,
    connected,
    database_of,
    take_lock,
)
from adapters.postgres.moving.problems import MoveProblem

_LOCK_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """The DSNs of catalog and shards; `mutual` are the shards' as they reach each other."""

    catalog: str
    shards: Sequence[str]
    mutual: Sequence[str]


@asynccontextmanager
async def only_mover(addresses: Addresses, within: float = _LOCK_SECONDS) -> AsyncIterator[Connection]:
    """Connect to the catalog and be the only mover; MoveProblem, Unreachable."""
    async with connected(addresses.catalog, "catalog") as catalog:
        await take_lock(catalog, MOVER_LOCK, within)
        yield catalog


@asynccontextmanager
async def sides_of(addresses: Addresses, catalog: Connection, source: int, target: int) -> AsyncIterator[Sides]:
    """Connect to the two shards; MoveProblem, Unreachable.

    A mover that lost the catalog may still be at work there: not beside us.
    """
    for number in (source, target):
        if not 0 <= number < len(addresses.shards):
            raise MoveProblem(f"There is no shard {number}: ONELAST_SHARD_DSNS has the shards 0 to {len(addresses.shards) - 1}.")
    async with AsyncExitStack() as stack:
        here, there = [
            await stack.enter_async_context(connected(addresses.shards[number], f"shard {number}")) for number in (source, target)
        ]
        if await database_of(here) == await database_of(there):
            raise MoveProblem(f"Shard {source} and shard {target} are one database.")
        for side in (here, there):
            await take_lock(side, SIDE_LOCK, _LOCK_SECONDS)
        more = partial(connect, addresses.shards[target], f"shard {target}")
        yield Sides(catalog, here, there, addresses.mutual[source], more)
