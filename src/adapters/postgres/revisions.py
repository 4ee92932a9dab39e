"""Which migrations there are, and which a database has: without Alembic, which a serving node need not carry."""

import re
from pathlib import Path
from typing import Final, Literal

import asyncpg

Tree = Literal["catalog", "shard"]
FOLDER: Final = Path(__file__).parent / "migrations"
_NAMED: Final = re.compile(r'^(revision|down_revision) = (?:"(\w+)"|None)$', re.MULTILINE)
_CONNECT_SECONDS: Final = 10.0


def head(tree: Tree) -> str:
    """Return the newest revision there is."""
    named: list[dict[str, str]] = [dict(_NAMED.findall(file.read_text())) for file in (FOLDER / tree).glob("*.py")]
    (newest,) = {one["revision"] for one in named} - {one["down_revision"] for one in named}
    return newest


async def current(dsn: str, tree: Tree) -> str | None:
    """Return the revision the tree is at, or None before the first; nothing is changed and nobody waited for."""
    connection = await asyncpg.connect(dsn, timeout=_CONNECT_SECONDS)
    try:
        if await connection.fetchval("SELECT to_regclass($1)", f"{tree}.alembic_version") is None:
            return None
        found: str | None = await connection.fetchval(f"SELECT version_num FROM {tree}.alembic_version")  # noqa: S608
        return found
    finally:
        await connection.close()
