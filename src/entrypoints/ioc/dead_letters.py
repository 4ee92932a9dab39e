"""The events that were set aside, in every database that the settings name."""

import asyncio
from collections.abc import Sequence
from typing import Final

import asyncpg
import msgspec

from adapters.postgres.dead_letters import DeadLetter, list_dead_letters, revive_dead_letters
from adapters.postgres.revisions import Tree
from entrypoints.ioc.schema import CANNOT_ASK, reason, trees
from entrypoints.settings import Settings

_PATIENCE_SECONDS: Final = 10.0


class DeadLetters(msgspec.Struct, frozen=True):
    """Those of one database, of which `revived` were made due again; `problem` follows the name in a sentence."""

    name: str
    letters: tuple[DeadLetter, ...] = ()
    revived: int = 0
    problem: str | None = None


async def read_dead_letters(settings: Settings, limit: int) -> list[DeadLetters]:
    """Return each database's, at most `limit` of each; never raises for one that is away."""
    return await asyncio.gather(*(_listed(dsn, tree, name, limit) for dsn, tree, name in trees(settings)))


async def retry_dead_letters(settings: Settings, ids: Sequence[str]) -> list[DeadLetters]:
    """Make these due again, or all of them when none is named; never raises for a database that is away."""
    chosen = list(ids) or None
    return await asyncio.gather(*(_revived(dsn, tree, name, chosen) for dsn, tree, name in trees(settings)))


async def _listed(dsn: str, tree: Tree, name: str, limit: int) -> DeadLetters:
    try:
        return DeadLetters(name, tuple(await list_dead_letters(dsn, tree, limit, patience=_PATIENCE_SECONDS)))
    except CANNOT_ASK as error:
        return _failed(name, error)


async def _revived(dsn: str, tree: Tree, name: str, ids: list[str] | None) -> DeadLetters:
    try:
        return DeadLetters(name, revived=await revive_dead_letters(dsn, tree, ids, patience=_PATIENCE_SECONDS))
    except CANNOT_ASK as error:
        return _failed(name, error)


def _failed(name: str, error: BaseException) -> DeadLetters:
    if isinstance(error, asyncpg.UndefinedTableError):
        return DeadLetters(name, problem="has an older schema; run `onelast migrate`")
    return DeadLetters(name, problem=f"cannot be reached: {reason(error)}")
