"""Dead letters: a look at them, and the way back into the outbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from adapters.postgres.primary import Primary
from adapters.postgres.revisions import Tree

_COUNT: Final = "SELECT count(*) FROM {}.dead_letters"
_LIST: Final = "SELECT id, kind, attempts, reason, died_at FROM {}.dead_letters ORDER BY died_at, id LIMIT $1"
_REVIVE: Final = """
WITH back AS (DELETE FROM {0}.dead_letters WHERE $1::text[] IS NULL OR id = ANY($1) RETURNING id, kind, payload),
revived AS (INSERT INTO {0}.outbox (id, kind, payload) SELECT id, kind, payload FROM back ON CONFLICT (id) DO NOTHING)
SELECT count(*) FROM back
"""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was set aside, without what is in it."""

    id: str
    kind: str
    attempts: int
    reason: str
    died_at: datetime


async def count_dead_letters(connection: Any, tree: Tree) -> int:
    """Return how many there are; none on a schema that is older than they are."""
    if await connection.fetchval("SELECT to_regclass($1)", f"{tree}.dead_letters") is None:
        return 0
    return int(await connection.fetchval(_COUNT.format(tree)))


async def list_dead_letters(dsn: str, tree: Tree, limit: int, *, patience: float) -> list[DeadLetter]:
    """Return those that died first, at most `limit`; the driver's error."""
    async with _connected(dsn, patience) as connection:
        return [DeadLetter(**row) for row in await connection.fetch(_LIST.format(tree), limit)]


async def revive_dead_letters(dsn: str, tree: Tree, ids: list[str] | None, *, patience: float) -> int:
    """Make these events (None: all) due at once, as if they had never been tried; return how many; the driver's error."""
    async with _connected(dsn, patience) as connection:
        return int(await connection.fetchval(_REVIVE.format(tree), ids))


@asynccontextmanager
async def _connected(dsn: str, patience: float) -> AsyncIterator[Any]:
    connection = await Primary(dsn, timeout=patience, command_timeout=patience, statement_cache_size=0).connect()
    try:
        yield connection
    finally:
        with suppress(Exception):
            await connection.close(timeout=1)
        connection.terminate()
