"""The replicas of one shard: which may be read from now, and how far each has come.

What a replica lacks is measured in time by the source's own log: the moment at which the source was where the replica is now.
A replica cannot tell by itself, for one that lost its source believes that it has everything.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import asyncpg
from sqlalchemy import literal_column, select

from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from domain.shared.errors import StaleWrite, Unavailable

MOST_LAG_SECONDS: Final = 10.0
WAIT_SECONDS: Final = 0.1
_LOOK_EVERY_SECONDS: Final = 0.25
_ANSWER_SECONDS: Final = 1.0
_HISTORY: Final = round(4 * MOST_LAG_SECONDS / _LOOK_EVERY_SECONDS)
_BYTES: Final = "pg_wal_lsn_diff({}, '0/0')::bigint"
_REACHED: Final = Statement(
    select(literal_column(_BYTES.format("pg_last_wal_replay_lsn()")).label("reached")), "replicas.read_position"
)
_STATE: Final = Statement(
    select(
        literal_column(f"CASE WHEN pg_is_in_recovery() THEN {_BYTES.format('pg_last_wal_replay_lsn()')} END").label("reached"),
        literal_column("(SELECT received_tli FROM pg_stat_wal_receiver)").label("timeline"),
        literal_column("coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 'infinity')::float8").label("age"),
    ),
    "replicas.read_state",
)
_TIMELINE: Final = "('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int"
# A source that has become a standby has no position of its own.
_SOURCE: Final = Statement(
    select(*(
        literal_column(f"CASE WHEN pg_is_in_recovery() THEN NULL ELSE {one} END").label(name)
        for name, one in (("reached", _BYTES.format("pg_current_wal_insert_lsn()")), ("timeline", _TIMELINE))
    )),
    "sources.read_position",
)
# What a replica says instead of answering: it is away, or cancels what stands in the way of its replay, or has not this
# release's schema yet.
_UNFIT: Final = (Unavailable, StaleWrite, asyncpg.PostgresError, TimeoutError)


class Replica:
    """One replica, as it was when it was last looked at."""

    def __init__(self, database: Database, most_lag: float) -> None:
        self.database, self._most_lag = database, most_lag
        self.reached = self.answered = 0
        self.lag_seconds: float | None = None

    @property
    def usable(self) -> bool:
        """Tell whether it answers and is not too far behind."""
        return self.lag_seconds is not None and self.lag_seconds <= self._most_lag

    def fail(self) -> None:
        """Leave the rotation until somebody has looked again."""
        self.lag_seconds, self.reached = None, 0

    async def catch_up(self, reached: int) -> bool:
        """Return whether it has replayed as far as `reached`, waiting for it for a tenth of a second at most."""
        deadline, pause = time.monotonic() + WAIT_SECONDS, 0.002
        while self.reached < reached:
            row = await self.database.row(_REACHED)
            self.reached = max(self.reached, (row and row["reached"]) or 0)
            if self.reached < reached:
                if time.monotonic() + pause > deadline:
                    return False
                await asyncio.sleep(pause)
                pause = min(2 * pause, 0.016)
        return True


class Replicas:
    """Reads from the replicas in turn; not from one that fails, follows another history or lags by over `most_lag` seconds."""

    def __init__(self, source: Database, replicas: Sequence[Database], *, most_lag: float = MOST_LAG_SECONDS) -> None:
        self.source, self.all = source, tuple(Replica(database, most_lag) for database in replicas)
        self._turns = itertools.count()
        self._history: deque[tuple[float, int]] = deque(maxlen=_HISTORY)
        self._timeline: int | None = None

    async def read(
        self, statement: Statement, values: Mapping[str, Any], *, reached: int
    ) -> Sequence[Mapping[str, Any]] | None:
        """Return what a replica that has replayed as far as `reached` says; None when there is none in time."""
        usable = [replica for replica in self.all if replica.usable]
        if not usable:
            return None
        replica = usable[next(self._turns) % len(usable)]
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                if not await replica.catch_up(reached):
                    return None
                rows = await replica.database.rows(statement, **values)
        except _UNFIT:
            replica.fail()
            return None
        replica.answered += 1
        return rows

    async def watch(self) -> None:
        """Look at all of them, again and again, until this task is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def look(self) -> None:
        """Look at the source and at each replica once."""
        await self._look_at_source()
        await asyncio.gather(*(self._look_at(replica) for replica in self.all))

    async def _look_at_source(self) -> None:
        began = time.monotonic()
        with suppress(*_UNFIT):
            async with asyncio.timeout(_ANSWER_SECONDS):
                row = await self.source.row(_SOURCE)
            if row is not None and row["reached"] is not None:
                self._history.append((began, row["reached"]))
                self._timeline = row["timeline"]

    async def _look_at(self, replica: Replica) -> None:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                row = await replica.database.row(_STATE)
        except _UNFIT:
            replica.fail()
            return
        if row is None or row["reached"] is None or not self._is_of_source(row["timeline"]):
            replica.fail()
            return
        replica.reached = row["reached"]
        replica.lag_seconds = self._lag_at(replica.reached, row["age"])

    def _is_of_source(self, timeline: int | None) -> bool:
        """Tell whether a replica that receives this timeline, or none just now, follows the source as it was last seen."""
        return self._timeline is not None and timeline in (None, self._timeline)

    def _lag_at(self, reached: int, age: float) -> float:
        """Return for how long the source has been further than `reached`; `age` where that was before all that is remembered."""
        behind = next((moment for moment, position in self._history if position > reached), None)
        if behind is None:
            return 0.0
        return age if behind == self._history[0][0] else time.monotonic() - behind


class ReplicaWatch:
    """The tasks that look at all replicas of a process."""

    def __init__(self, sets: Sequence[Replicas]) -> None:
        self._sets = sets
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Look once, then again and again."""
        await asyncio.gather(*(one.look() for one in self._sets))
        self._tasks = [asyncio.create_task(one.watch()) for one in self._sets]

    async def end(self) -> None:
        """Look no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
