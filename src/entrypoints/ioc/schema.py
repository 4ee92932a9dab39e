"""Whether the databases that the settings name have a schema that this release can work on."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Final

import asyncpg

from adapters.postgres.revisions import Stamp, Tree, fault, stamp_of
from entrypoints.problems import OperatorProblem
from entrypoints.settings import Settings

CANNOT_ASK: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)
_log = logging.getLogger(__name__)


class SchemaProblem(OperatorProblem):
    """A database cannot be reached, or this release cannot work on its schema; the message says what to do."""


class Away(SchemaProblem):
    """A database cannot be reached."""


async def require_usable(settings: Settings) -> None:
    """Return if this release can serve on what is there; SchemaProblem if not.

    Shards that cannot be reached are named in a warning and no problem as long as there is another: who is at home there gets
    answers of 503 until they are back.
    """
    (dsn, tree, name), *shards = trees(settings)
    await _require(dsn, tree, name)
    outcomes = await asyncio.gather(*(_require(*shard) for shard in shards), return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for failure in failures:
        if not isinstance(failure, Away) or len(failures) == len(shards):
            raise failure
        _log.warning("%s Its users get 503 until it is back.", failure)


async def require_usable_catalog(settings: Settings) -> None:
    """Return if this release can work on the catalog; SchemaProblem if not."""
    await _require(settings.require_catalog(), "catalog", "catalog")


async def _require(dsn: str, tree: Tree, name: str) -> None:
    wrong = fault(tree, await stamp(dsn, tree, name))
    if wrong is not None:
        raise SchemaProblem(f"The {name} {wrong}.")


async def stamp(dsn: str, tree: Tree, name: str) -> Stamp | None:
    """Return what a database says of its schema; Away if it cannot be asked."""
    try:
        return await stamp_of(dsn, tree)
    except CANNOT_ASK as error:
        raise Away(f"The {name} cannot be reached: {reason(error)}.") from error


def reason(error: BaseException) -> str:
    """Return what went wrong in a few words without an address: those may hold a password."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError | asyncpg.PostgresError):
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return type(error).__name__


def trees(settings: Settings) -> Iterator[tuple[str, Tree, str]]:
    """Yield DSN, tree and name of each part, the catalog first."""
    yield settings.require_catalog(), "catalog", "catalog"
    for number, dsn in enumerate(settings.shards):
        yield dsn, "shard", f"shard {number}"
