"""Bringing the databases that the settings name to this release's schema."""

from adapters.postgres import migrate
from adapters.postgres.revisions import Tree, head
from entrypoints.ioc.schema import CANNOT_ASK, SchemaProblem, reason, revision, trees
from entrypoints.settings import Settings


async def migrate_all(settings: Settings) -> list[str]:
    """Migrate the catalog and every shard; return a sentence about each. Running it again changes nothing."""
    return [await _migrate(dsn, tree, name) for dsn, tree, name in trees(settings)]


async def _migrate(dsn: str, tree: Tree, name: str) -> str:
    before, newest = await revision(dsn, tree, name), head(tree)
    if before == newest:
        return f"The {name} is at {newest}."
    try:
        await migrate.upgrade(dsn, tree)
    except CANNOT_ASK as error:
        raise SchemaProblem(f"The {name} could not be migrated from {before or 'none'} to {newest}: {reason(error)}.") from error
    return f"The {name} was migrated from {before or 'none'} to {newest}."
