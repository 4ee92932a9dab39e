"""Reading a table in the order of its key, so many rows at a time, each with what belongs to it.

All of a batch is one statement and so one moment. What belongs to a row is looked up by subqueries that Postgres cannot turn into
joins over whole tables, and the limit is a literal, for a planner that does not know it reckons with a tenth of the table.
A scan ends at what was the last row when it began: however fast new ones come, it comes to its end.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, Select, bindparam, func, literal_column, select, tuple_

from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from adapters.postgres.tables import Id
from application.ports.consistency import Cursor
from domain.consistency.facts import Facts

Row = Mapping[str, Any]
Rows = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a scan reads: columns and lookups, the key, a cursor before its first value, and the column that finds rows again."""

    columns: Sequence[ColumnElement[Any]]
    key: Sequence[Column[Any]]
    start: Cursor
    found_by: Column[Any]


class Scan:
    """The two readings of a selection; `facts_of` makes facts of a row that was found on a shard (the catalog: -1)."""

    def __init__(self, selection: Selection, size: int, facts_of: Callable[[Row, int], Facts]) -> None:
        self._facts_of, self._size = facts_of, size
        self._start, self._key = selection.start, [column.name for column in selection.key]
        area = selection.key[0].table.name
        self._next = Statement(_next(selection, size), f"consistency.scan_{area}")
        self._last = Statement(_last(selection), f"consistency.last_of_{area}")
        self._again = Statement(_again(selection), f"consistency.read_{area}")

    async def next(self, database: Database, after: Cursor | None) -> tuple[Rows, Cursor | None]:
        """Return the rows after the cursor, and the next cursor unless they are the last: where they end, and where all end."""
        width = len(self._key)
        at, last = (after[:width], after[width:]) if after else (self._start, await self._end(database))
        rows = await database.rows(self._next, **{f"after_{name}": value for name, value in zip(self._key, at, strict=True)})
        reached = self._key_of(rows[-1]) if rows else last
        return rows, reached + last if len(rows) == self._size and reached < last else None

    async def again(self, database: Database, keys: Sequence[str]) -> Rows:
        """Return these rows as they are now."""
        return await database.rows(self._again, keys=list(keys))

    async def _end(self, database: Database) -> Cursor:
        row = await database.row(self._last)
        return self._start if row is None else self._key_of(row)

    def _key_of(self, row: Row) -> Cursor:
        return tuple(row[name] for name in self._key)

    async def facts(self, rows: Rows, shard: int) -> Sequence[Facts]:
        """Return the facts of these rows."""
        return [self._facts_of(row, shard) for row in rows]


def _next(selection: Selection, size: int) -> Select[Any]:
    key = tuple_(*selection.key)
    cursor = tuple_(*(bindparam(f"after_{column.name}", type_=column.type) for column in selection.key))
    return select(*selection.columns).where(key > cursor).order_by(*selection.key).limit(literal_column(str(size)))


def _last(selection: Selection) -> Select[Any]:
    return select(*selection.key).order_by(*(column.desc() for column in selection.key)).limit(literal_column("1"))


def _again(selection: Selection) -> Select[Any]:
    these = selection.found_by == func.any(bindparam("keys", type_=ARRAY(Id)))
    return select(*selection.columns).where(these).order_by(*selection.key)
