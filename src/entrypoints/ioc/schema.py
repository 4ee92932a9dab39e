"""Whether the databases that the settings name have this release's schema."""

from collections.abc import Iterator
from typing import Final

import asyncpg

from adapters.postgres.revisions import Tree, current, head
from entrypoints.problems import OperatorProblem
from entrypoints.settings import Settings

CANNOT_ASK: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


class SchemaProblem(OperatorProblem):
    """The database cannot be reached, or its schema is not this release's; the message says what to do."""


async def require_current(settings: Settings) -> None:
    """Return if every tree is at this release's revision; SchemaProblem if not."""
    for dsn, tree, name in trees(settings):
        found, wanted = await revision(dsn, tree, name), head(tree)
        if found != wanted:
            raise SchemaProblem(f"The {name} is at revision {found or 'none'}, not {wanted}; run `onelast migrate` first.")


async def revision(dsn: str, tree: Tree, name: str) -> str | None:
    """Return the revision that a tree is at; SchemaProblem if the database cannot be asked."""
    try:
        return await current(dsn, tree)
    except CANNOT_ASK as error:
        raise SchemaProblem(f"The {name} cannot be reached: {reason(error)}.") from error


def reason(error: BaseException) -> str:
    """Return what went wrong in a few words without an address: those may hold a password."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError | asyncpg.PostgresError):
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return type(error).__name__


def trees(settings: Settings) -> Iterator[tuple[str, Tree, str]]:
    """Yield DSN, tree and name of each part."""
    yield settings.require_catalog(), "catalog", "catalog"
    for number, dsn in enumerate(settings.shards):
        yield dsn, "shard", f"shard {number}"
