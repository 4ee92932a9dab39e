"""Checking what the databases that the settings name hold: built for one check, over connections of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import asyncpg

from adapters.postgres.consistency.evidence import CheckedDatabases, PostgresEvidence
from adapters.postgres.consistency.indexes import has_amcheck
from adapters.postgres.consistency.repairs import PostgresRowRepairs
from adapters.postgres.database import Database
from adapters.postgres.placement import Placement, ShardsMissing
from adapters.postgres.routing import LOADERS
from adapters.postgres.shards import PostgresShards
from adapters.system.entropy import SystemEntropy
from application.consistency.check_consistency import (
    CheckConsistency,
    CheckConsistencyCommand,
    Finding,
    Patience,
    Report,
)
from application.consistency.repairing import Repairing
from domain.shared.errors import Unavailable
from entrypoints.ioc.located import located
from entrypoints.ioc.schema import reason, require_usable
from entrypoints.problems import OperatorProblem
from entrypoints.settings import Settings

_STATEMENT_SECONDS: Final = 30.0
_INDEX_SECONDS: Final = 3600.0
_CONNECTIONS: Final = 2


class CheckImpossible(OperatorProblem):
    """The check could not be made, or not to its end; the message says why."""


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What to check and how: no shards named are all, `batch` rows are read at once, then `pause` seconds nothing.

    `at_rest` is for databases that nothing serves, as after a restore.
    """

    shards: Sequence[int] = ()
    batch: int = 1000
    pause: float = 0.0
    repair: bool = False
    deep: bool = False
    at_rest: bool = False
    patience: Patience = field(default_factory=Patience)


async def check_consistency(settings: Settings, options: CheckOptions, tell: Callable[[Finding], None]) -> Report:
    """Check everything while it is in use; `tell` gets each finding as it comes. CheckImpossible, SchemaProblem.

    Only the databases are asked: restored ones need no node and no Valkey beside them. Where none are named, those of the
    `onelast up` that runs on the data folder are.
    """
    settings = _located(settings)
    await require_usable(settings)
    try:
        async with _databases(settings, options) as databases:
            shards = _wanted(databases, options.shards)
            if options.deep:
                await _require_amcheck(databases, shards)
            case = CheckConsistency(
                evidence := PostgresEvidence(databases, size=options.batch, directory=settings.shard_routing == "directory"),
                await _repairing(settings, databases, evidence) if options.repair else None, options.patience,
            )
            return await case.execute(CheckConsistencyCommand(shards, tell, options.pause, options.deep, options.at_rest))
    except Unavailable as failure:
        raise CheckImpossible(f"The check came to no end: {failure.message}") from failure
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise CheckImpossible("The check needs this release's schema: run `onelast migrate` first.") from error
    except asyncpg.PostgresError as error:
        raise CheckImpossible(f"The check came to no end: {reason(error)}.") from error


def _located(settings: Settings) -> Settings:
    found = located(settings)
    if found.catalog is None:
        raise CheckImpossible(f"ONELAST_CATALOG_DSN is not set, and no `onelast up` runs in {settings.data_path}.")
    return found


@asynccontextmanager
async def _databases(settings: Settings, options: CheckOptions) -> AsyncIterator[CheckedDatabases]:
    timeout = _INDEX_SECONDS if options.deep else _STATEMENT_SECONDS
    names = {dsn: f"shard {number}" for number, dsn in enumerate(settings.shards)} | {settings.require_catalog(): "catalog"}
    opened = {
        dsn: Database(
            dsn, name=name, size=_CONNECTIONS, patience=timeout, statement_timeout=timeout, pooler=settings.pooler,
        )
        for dsn, name in names.items()
    }
    try:
        yield CheckedDatabases(opened[settings.require_catalog()], [opened[dsn] for dsn in settings.shards])
    finally:
        await asyncio.gather(*(database.close() for database in opened.values()))


def _wanted(databases: CheckedDatabases, shards: Sequence[int]) -> list[int]:
    """Return the shards to look through, a database that is several of them once."""
    for shard in shards:
        if not 0 <= shard < len(databases.shards):
            raise CheckImpossible(f"--shard {shard}: the settings name the shards 0 to {len(databases.shards) - 1}.")
    wanted = shards or range(len(databases.shards))
    return list(dict.fromkeys(databases.first_of_same(shard) for shard in wanted))


async def _require_amcheck(databases: CheckedDatabases, shards: Sequence[int]) -> None:
    for database in dict.fromkeys((databases.catalog, *(databases.shards[shard] for shard in shards))):
        if not await has_amcheck(database):
            raise CheckImpossible(
                f"--deep needs the extension amcheck in the {database.name}: let a superuser run CREATE EXTENSION amcheck."
            )


async def _repairing(settings: Settings, databases: CheckedDatabases, evidence: PostgresEvidence) -> Repairing:
    load = partial(LOADERS[settings.shard_routing], databases.catalog, len(databases.shards))
    try:
        placement = Placement(await load(), databases.shards, catalog=databases.catalog, reload=load)
    except ShardsMissing as missing:
        raise CheckImpossible(f"Nothing can be repaired: {missing}") from missing
    entropy = SystemEntropy()
    return Repairing(evidence, PostgresRowRepairs(databases), PostgresShards(placement, entropy), entropy)
