"""Bringing the databases that the settings name to this release's schema: the catalog, then all shards side by side."""

import asyncio
from collections.abc import Callable
from typing import Final

from adapters.postgres import migrate
from adapters.postgres.migration_lock import MigrationProblem
from adapters.postgres.migration_steps import Patience
from adapters.postgres.revisions import Tree, head, number_of
from entrypoints.ioc.schema import CANNOT_ASK, SchemaProblem, reason, stamp, trees
from entrypoints.problems import OperatorProblem
from entrypoints.settings import Settings

OTHERS_SECONDS: Final = Patience().others
_AT_ONCE: Final = 8
Tell = Callable[[str], None]


class MigrationsFailed(OperatorProblem):
    """Some shards are not at this release's schema; the message names them."""


async def migrate_all(settings: Settings, tell: Tell = lambda _: None, *, wait: float = OTHERS_SECONDS) -> None:
    """Migrate the catalog, then every shard, telling a sentence about each when it is known; running it again does the rest.

    SchemaProblem when the catalog cannot be migrated: no shard is begun then. A shard that fails leaves the others alone;
    MigrationsFailed names those that did, when all are done. `wait` is for migrations that others have begun, in seconds.
    """
    await _require_direct(settings)
    (dsn, tree, name), *shards = trees(settings)
    patience, places = Patience(others=wait), asyncio.Semaphore(_AT_ONCE)
    tell(await _migrate(dsn, tree, name, tell, patience))

    async def take_a_place(dsn: str, tree: Tree, name: str) -> str | None:
        async with places:
            return await _attempt(dsn, tree, name, tell, patience)

    failed = [name for name in await asyncio.gather(*(take_a_place(*shard) for shard in shards)) if name]
    if failed:
        verb = "was" if len(failed) == 1 else "were"
        others = "" if len(failed) == len(shards) else "; the others are done"
        raise MigrationsFailed(f"{', '.join(failed)} {verb} not migrated{others}. Run `onelast migrate` again to do the rest.")


async def _require_direct(settings: Settings) -> None:
    """Return if nothing is to be done through a pooler: the bounds of a migration would be left on connections of others."""
    for dsn, tree, name in trees(settings) if settings.pooler != "none" else ():
        found = await stamp(dsn, tree, name)
        if found is None or found.name < head(tree):
            raise SchemaProblem(
                f"The {name} is to be migrated, and not through a pooler: run `onelast migrate` with the servers' own addresses"
                " and without ONELAST_POOLER."
            )


async def _attempt(dsn: str, tree: Tree, name: str, tell: Tell, patience: Patience) -> str | None:
    """Migrate; return the name if that failed, having told why."""
    try:
        tell(await _migrate(dsn, tree, name, tell, patience))
    except SchemaProblem as problem:
        tell(str(problem))
        return name
    return None


async def _migrate(dsn: str, tree: Tree, name: str, tell: Tell, patience: Patience) -> str:
    found, newest = await stamp(dsn, tree, name), head(tree)
    before = found.name if found else "none"
    if before == newest:
        return f"The {name} is at {newest}."
    if before > newest and number_of(tree, before):
        return f"The {name} is at {before}: a later release made it, and there is nothing to do."
    try:
        await migrate.upgrade(dsn, tree, patience=patience, tell=lambda words: tell(f"The {name}: {words}."))
    except MigrationProblem as problem:
        raise SchemaProblem(f"The {name} could not be migrated from {before} to {newest}: {problem}.") from problem
    except CANNOT_ASK as error:
        raise SchemaProblem(f"The {name} could not be migrated from {before} to {newest}: {reason(error)}.") from error
    return f"The {name} was migrated from {before} to {newest}."
