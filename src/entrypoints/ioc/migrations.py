"""Bringing the databases that the settings name to this release's schema."""

from collections.abc import Iterator
from typing import Final

import asyncpg

from adapters.postgres import migrate
from adapters.postgres.migrate import Tree
from entrypoints.settings import Settings

_CANNOT_ASK: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


class SchemaProblem(Exception):
    """The database cannot be reached, or its schema is not this release's; the message says what to do."""


async def migrate_all(settings: Settings) -> list[str]:
    """Migrate the catalog and every shard; return a sentence about each. Running it again changes nothing."""
    return [await _migrate(dsn, tree, name) for dsn, tree, name in _trees(settings)]


async def require_current(settings: Settings) -> None:
    """Return if every tree is at this release's revision; SchemaProblem if not."""
    for dsn, tree, name in _trees(settings):
        found, wanted = await revision(dsn, tree, name), migrate.head(tree)
        if found != wanted:
            raise SchemaProblem(f"The {name} is at revision {found or 'none'}, not {wanted}; run `onelast migrate` first.")


async def revision(dsn: str, tree: Tree, name: str) -> str | None:
    """Return the revision that a tree is at; SchemaProblem if the database cannot be asked."""
    try:
        return await migrate.current(dsn, tree)
    except _CANNOT_ASK as error:
        raise SchemaProblem(f"The {name} cannot be reached: {reason(error)}.") from error


def reason(error: BaseException) -> str:
    """Return what went wrong in a few words without an address: those may hold a password."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError | asyncpg.PostgresError):
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return type(error).__name__


async def _migrate(dsn: str, tree: Tree, name: str) -> str:
    before, head = await revision(dsn, tree, name), migrate.head(tree)
    if before == head:
        return f"The {name} is at {head}."
    try:
        await migrate.upgrade(dsn, tree)
    except _CANNOT_ASK as error:
        raise SchemaProblem(f"The {name} could not be migrated from {before or 'none'} to {head}: {reason(error)}.") from error
    return f"The {name} was migrated from {before or 'none'} to {head}."


def _trees(settings: Settings) -> Iterator[tuple[str, Tree, str]]:
    yield settings.require_catalog(), "catalog", "catalog"
    for number, dsn in enumerate(settings.shards):
        yield dsn, "shard", f"shard {number}"
