"""What a schema consists of, one line for each thing, so that two schemas can be compared."""

from typing import Final

import asyncpg

_COLUMNS: Final = """
SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || coalesce(' COLLATE ' || l.collname, '')
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN pg_collation l ON l.oid = a.attcollation AND l.collname <> 'default'
WHERE c.relnamespace = $1::text::regnamespace AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'alembic_version'
"""
_CONSTRAINTS: Final = """
SELECT c.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.connamespace = $1::text::regnamespace AND k.contype <> 'n' AND c.relname <> 'alembic_version'
"""
_INDEXES: Final = "SELECT indexdef FROM pg_indexes WHERE schemaname = $1 AND tablename <> 'alembic_version'"
_FUNCTIONS: Final = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = $1::text::regnamespace"
_TRIGGERS: Final = """
SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = $1::text::regnamespace AND NOT t.tgisinternal
"""


async def tables_of(dsn: str, schema: str) -> set[str]:
    """Return the columns, constraints and indexes."""
    return await _lines(dsn, schema, _COLUMNS, _CONSTRAINTS, _INDEXES)


async def shape_of(dsn: str, schema: str) -> set[str]:
    """Return those, the functions and the triggers; what Alembic keeps for itself is left out."""
    return await tables_of(dsn, schema) | await _lines(dsn, schema, _FUNCTIONS, _TRIGGERS)


async def _lines(dsn: str, schema: str, *queries: str) -> set[str]:
    connection = await asyncpg.connect(dsn)
    try:
        return {row[0] for query in queries for row in await connection.fetch(query, schema)}
    finally:
        await connection.close()
