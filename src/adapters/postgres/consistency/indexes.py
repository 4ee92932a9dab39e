"""The indexes, looked into by PostgreSQL's own extension amcheck: under the lock that a SELECT takes, and no writer waits."""

from typing import Any, Final

import asyncpg
from sqlalchemy import Text, bindparam, cast, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import REGCLASS

from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from domain.consistency.facts import IndexFacts

_EXTENSION: Final = Statement(
    select(literal_column("n.nspname").label("schema")).select_from(
        text("pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace")
    ).where(text("e.extname = 'amcheck'")),
    "consistency.find_amcheck",
)
_NAMES: Final = Statement(
    select(literal_column("format('%I.%I', n.nspname, c.relname)").label("name")).select_from(
        text(
            "pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam "
            "JOIN pg_namespace n ON n.oid = c.relnamespace"
        )
    ).where(text("a.amname = 'btree' AND i.indisvalid"), literal_column("n.nspname", Text) == bindparam("schema", type_=Text)),
    "consistency.list_indexes",
)


async def has_amcheck(database: Database) -> bool:
    """Tell whether the database has the extension."""
    return await database.row(_EXTENSION) is not None


async def index_names(database: Database, schema: str) -> list[str]:
    """Return the qualified names of the valid B-tree indexes in a schema, in order."""
    return sorted(row["name"] for row in await database.rows(_NAMES, schema=schema))


async def index_facts(database: Database, name: str) -> IndexFacts:
    """Look into one index, page by page."""
    try:
        await database.rows(await _checking(database), name=name)
    except asyncpg.UndefinedTableError:
        return IndexFacts(name, None)
    except (asyncpg.IndexCorruptedError, asyncpg.DataCorruptedError) as error:
        return IndexFacts(name, str(error).splitlines()[0])
    return IndexFacts(name, None)


async def _checking(database: Database) -> Statement:
    extension = await database.row(_EXTENSION)
    schema = "public" if extension is None else extension["schema"]
    look: Any = getattr(getattr(func, schema), "bt_index_check")  # noqa: B009
    return Statement(select(cast(look(cast(bindparam("name", type_=Text), REGCLASS)), Text)), "consistency.check_index")
