"""Which queries take the time of each database that the settings name."""

import asyncio
from typing import Final, TypeAlias

import msgspec

from adapters.postgres.statistics import NoStatistics, QueryStatistics, read_statistics
from entrypoints.ioc.schema import CANNOT_ASK, reason, trees
from entrypoints.settings import Settings

_PATIENCE_SECONDS: Final = 10.0
_ENABLE: Final = (
    "does not count its statements: add pg_stat_statements to its shared_preload_libraries, restart it,"
    " and run CREATE EXTENSION pg_stat_statements as a superuser"
)
Query: TypeAlias = QueryStatistics


class DatabaseQueries(msgspec.Struct, frozen=True):
    """The queries of one database, those first that took most time; `problem` follows the name in a sentence."""

    name: str
    queries: tuple[Query, ...] = ()
    problem: str | None = None


async def read_slow(settings: Settings, limit: int) -> list[DatabaseQueries]:
    """Return each database's queries, at most `limit` of each; never raises for one that is away."""
    names: dict[str, str] = {}
    for dsn, _, name in trees(settings):
        names.setdefault(dsn, name)
    return await asyncio.gather(*(_queries(dsn, name, limit) for dsn, name in names.items()))


async def _queries(dsn: str, name: str, limit: int) -> DatabaseQueries:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            found = await read_statistics(dsn, limit, patience=_PATIENCE_SECONDS)
    except NoStatistics:
        return DatabaseQueries(name, problem=_ENABLE)
    except CANNOT_ASK as error:
        return DatabaseQueries(name, problem=f"cannot be reached: {reason(error)}")
    return DatabaseQueries(name, tuple(found))
