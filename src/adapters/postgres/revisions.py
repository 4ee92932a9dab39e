"""Which migrations there are, which a database has, and whether this release can work on what it finds.

Revisions are numbered without gaps, so one that a later release brought is told from garbage by its number alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import asyncpg

from adapters.postgres.primary import Primary

Tree = Literal["catalog", "shard"]
FOLDER: Final = Path(__file__).parent / "migrations"
# The schema that this release's code needs; what later revisions add, it can do without.
OLDEST: Final[Mapping[Tree, str]] = {"catalog": "catalog_0007", "shard": "shard_0010"}
_FILE: Final = re.compile(r"(\d{4})_\w+\.py")
_REQUIRES: Final = re.compile(r'^requires = "(\w+)"$', re.MULTILINE)
_CONNECT_SECONDS: Final = 5.0


class BrokenChain(Exception):
    """The files of a tree are not numbered 0001, 0002, … without gaps; the message names the file."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A migration: its name (`shard_0004`), its file, and the oldest revision that code must know to work on its schema."""

    name: str
    path: Path
    requires: str | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a database says of its schema: its revision, and the oldest one that code must know (None: any will do)."""

    name: str
    requires: str | None = None


def chain(tree: Tree, *more: Path) -> tuple[Revision, ...]:
    """Return the revisions, oldest first, with those in `more` folders; BrokenChain."""
    files = sorted((file for folder in (FOLDER / tree, *more) for file in folder.glob("[0-9]*.py")), key=lambda file: file.name)
    for number, file in enumerate(files, 1):
        named = _FILE.fullmatch(file.name)
        if named is None or int(named[1]) != number:
            raise BrokenChain(f"{file.name} is no {number:04d}_what_it_does.py, which must come next in {tree}")
    return tuple(_revision(tree, number, file) for number, file in enumerate(files, 1))


def head(tree: Tree) -> str:
    """Return the newest revision there is."""
    return chain(tree)[-1].name


def number_of(tree: Tree, name: str) -> int | None:
    """Return the number in a revision's name, or None for what is no name of this tree's."""
    named = re.fullmatch(rf"{tree}_(\d{{4}})", name)
    return int(named[1]) if named and int(named[1]) else None


def fault(tree: Tree, stamp: Stamp | None) -> str | None:
    """Return why this release cannot work on the schema, to follow the database's name, or None if it can."""
    newest, oldest = head(tree), OLDEST[tree]
    if stamp is None:
        return "is at revision none; run `onelast migrate`"
    number = number_of(tree, stamp.name)
    if number is None:
        return f"is at revision {stamp.name}, which is none of this program's; is it another program's database?"
    if stamp.name < oldest:
        return f"is at revision {stamp.name}, and this release needs {oldest} at least; run `onelast migrate`"
    if stamp.requires is not None and stamp.requires > newest:
        return f"is at revision {stamp.name}, which wants a release that knows {stamp.requires}; this one knows {newest}"
    return None


async def current(dsn: str, tree: Tree) -> str | None:
    """Return the revision the tree is at, or None before the first; nothing is changed and nobody waited for."""
    found = await stamp_of(dsn, tree)
    return None if found is None else found.name


async def stamp_of(dsn: str, tree: Tree) -> Stamp | None:
    """Return what the database says of the tree, or None before the first revision; nothing is changed."""
    options = {"timeout": _CONNECT_SECONDS, "command_timeout": _CONNECT_SECONDS, "statement_cache_size": 0}
    connection = await Primary(dsn, **options).connect()
    try:
        return await read_stamp(connection, tree)
    finally:
        await connection.close(timeout=_CONNECT_SECONDS)


async def read_stamp(connection: "asyncpg.Connection[asyncpg.Record]", tree: Tree) -> Stamp | None:
    """Return what the database says of the tree."""
    if await connection.fetchval("SELECT to_regclass($1)", f"{tree}.alembic_version") is None:
        return None
    # Earlier releases made the table, by Alembic, without the second column.
    row = await connection.fetchrow(
        f"SELECT version_num, to_jsonb(v) ->> 'requires' AS requires FROM {tree}.alembic_version v"  # noqa: S608
    )
    return None if row is None else Stamp(row["version_num"], row["requires"])


def _revision(tree: Tree, number: int, file: Path) -> Revision:
    requires = _REQUIRES.search(file.read_text())
    return Revision(f"{tree}_{number:04d}", file, requires[1] if requires else None)
