"""The pools of this process: opened as the settings say, sized for their servers, measured, and closed together."""

import asyncio
import os
from collections import Counter
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from adapters.postgres.database import Database
from adapters.postgres.pool import ConnectionPool
from adapters.postgres.pool_size import LEAST, fit
from adapters.telemetry.pools import PoolMeasurements, PoolReading
from adapters.telemetry.queries import QueryTimes
from entrypoints.settings import Settings

_ONE_CORE: Final = 1


class Pools:
    """Opens databases; two with one DSN are the same."""

    def __init__(self, settings: Settings, times: QueryTimes, measurements: PoolMeasurements) -> None:
        self._settings, self._times, self._measurements = settings, times, measurements
        self._opened: dict[str, Database] = {}

    def open(self, dsn: str, name: str) -> Database:
        """Return the database; nothing is connected yet."""
        if dsn not in self._opened:
            self._opened[dsn] = database = Database(
                dsn, name=name, size=self._settings.pool_size or LEAST, statement_timeout=self._settings.database_timeout,
                pooler=self._settings.pooler, observe=self._times.observer(name),
            )
            self._measurements.watch(name, partial(reading_of, database.pool))
        return self._opened[dsn]

    async def fit(self) -> None:
        """Size what is open by the formula, unless the settings give a size."""
        if self._settings.pool_size is None:
            on_server = Counter(server_of(dsn) for dsn in self._opened)
            await asyncio.gather(
                *(self._fit(database, on_server[server_of(dsn)]) for dsn, database in self._opened.items())
            )

    async def close(self) -> None:
        """Close all of them at once, within two seconds whatever the servers do."""
        await asyncio.gather(*(database.close() for database in self._opened.values()))

    async def _fit(self, database: Database, sharing: int) -> None:
        pools = sharing * self._settings.nodes
        await fit(database, cores_of(self._settings), pools=pools, admitted=self._settings.pooler == "none")


def cores_of(settings: Settings) -> int:
    """Return the cores of a database server: as many as here, if nothing else is said."""
    return settings.database_cores or os.cpu_count() or _ONE_CORE


def server_of(dsn: str) -> str:
    """Return hosts and ports of a DSN: databases that share them share a server."""
    return urlsplit(dsn).netloc.rpartition("@")[2]


def reading_of(pool: ConnectionPool) -> PoolReading:
    """Return what a pool counts at this moment."""
    use = pool.use
    return PoolReading(
        size=pool.size, open=pool.open, busy=pool.busy, waiting=pool.waiting, connects=use.connects, timeouts=use.timed_out,
        refusals=use.refused, waits=use.cumulative(), seconds_waited=use.seconds_waited,
    )
