"""Running a plan: each step waits for locks so briefly that nobody queues up behind it, and is tried again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import asyncpg

from adapters.postgres.migration_lock import Connection, MigrationProblem
from adapters.postgres.migrations.plan import Batches, OnlineIndex, OnlineStatement, OnlineStep, Plan
from adapters.postgres.revisions import Stamp, Tree

T = TypeVar("T")
LIMITS: Final = ("SET LOCAL lock_timeout = '200ms'", "SET LOCAL statement_timeout = '10s'")
# These hold no lock that anybody minds, and an index waits for every transaction that is older than itself. A server that has
# lost us would finish first and look later.
ONLINE_LIMITS: Final = (
    "SET lock_timeout = '15min'", "SET statement_timeout = 0", "SET client_connection_check_interval = '2s'"
)
_RESETS: Final = ("RESET lock_timeout", "RESET statement_timeout", "RESET client_connection_check_interval")
_TABLE: Final = "CREATE TABLE {} (version_num varchar(32) PRIMARY KEY, requires text)"
_NOT_HAD: Final = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
_LONGEST_PAUSE_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for how long a step that finds a lock taken is tried again, and how long another migration is waited for."""

    locks: float = 60.0
    others: float = 300.0


@dataclass(frozen=True, slots=True)
class StepRunner:
    """Runs the plans of one tree on a connection; `tell` hears of what is tried again."""

    connection: Connection
    tree: Tree
    patience: Patience
    tell: Callable[[str], None]

    async def prepare(self) -> None:
        """Make the schema and the table that notes its revision, where they are not there yet."""
        missing = await self._missing()
        if missing:
            await self.patiently(lambda: self._in_transaction(*missing))

    async def apply(self, plan: Plan, stamp: Stamp | None) -> None:
        """Run the plan and note that the tree is at the stamp from now on; plain statements in the same transaction."""
        for step in plan.online:
            await self._run(step)
        await self.patiently(lambda: self._in_transaction(*plan.statements, *_stamping(self.tree, stamp)))

    async def patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Repeat the attempt until it gets its locks, with growing and random pauses; MigrationProblem when patience ends."""
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + self.patience.locks, 0.2
        while True:
            try:
                return await attempt()
            except _NOT_HAD as failure:
                if loop.time() + pause > deadline:
                    raise MigrationProblem(f"a lock could not be had within {self.patience.locks:.0f} seconds") from failure
            self.tell("a lock that it needs is held by others; trying again")
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _missing(self) -> list[str]:
        """Return the statements that make what is missing; who has it need not be allowed to make it."""
        table = f"{self.tree}.alembic_version"
        if await self.connection.fetchval("SELECT to_regnamespace($1)", self.tree) is None:
            return [f"CREATE SCHEMA {self.tree}", _TABLE.format(table)]
        if await self.connection.fetchval("SELECT to_regclass($1)", table) is None:
            return [_TABLE.format(table)]
        has = "SELECT 1 FROM pg_attribute WHERE attrelid = $1::text::regclass AND attname = 'requires'"
        if await self.connection.fetchval(has, table) is None:
            return [f"ALTER TABLE {table} ADD COLUMN requires text"]
        return []

    async def _in_transaction(self, *statements: str) -> None:
        async with self.connection.transaction():
            for statement in (*LIMITS, *statements):
                await self.connection.execute(statement)

    async def _run(self, step: OnlineStep) -> None:
        match step:
            case OnlineStatement():
                await self.patiently(lambda: self._online(step.sql))
            case OnlineIndex():
                await self.patiently(lambda: self._index(step))
            case Batches():
                await self._batches(step)

    async def _index(self, step: OnlineIndex) -> None:
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)"
        if await self.connection.fetchval(valid, step.index) is False:
            await self._online(f"DROP INDEX CONCURRENTLY IF EXISTS {step.index}")
        await self._online(step.sql)

    async def _online(self, statement: str) -> None:
        for limit in ONLINE_LIMITS:
            await self.connection.execute(limit)
        try:
            await self.connection.execute(statement)
        finally:
            if not self.connection.is_closed():
                for reset in _RESETS:
                    await self.connection.execute(reset)

    async def _batches(self, step: Batches) -> None:
        """Rest as long as each batch took: replicas and everybody else get half of the time at least."""
        loop, last = asyncio.get_running_loop(), ""
        while True:
            began = loop.time()
            reached = await self.patiently(lambda after=last: self._batch(step.sql, after))  # type: ignore[misc]
            if reached is None:
                return
            last = reached
            await asyncio.sleep(min(loop.time() - began, 1.0))

    async def _batch(self, sql: str, after: str) -> str | None:
        async with self.connection.transaction():
            for limit in LIMITS:
                await self.connection.execute(limit)
            reached: str | None = await self.connection.fetchval(sql, after)
            return reached


def _stamping(tree: Tree, stamp: Stamp | None) -> tuple[str, ...]:
    """Return the statements that note the stamp; its words are names of revisions and need no quoting."""
    forget = f"DELETE FROM {tree}.alembic_version"  # noqa: S608
    if stamp is None:
        return (forget,)
    requires = f"'{stamp.requires}'" if stamp.requires else "NULL"
    return forget, f"INSERT INTO {tree}.alembic_version (version_num, requires) VALUES ('{stamp.name}', {requires})"  # noqa: S608
