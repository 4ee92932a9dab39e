"""Reading pages by keyset: four statements per list, for both directions, with and without a cursor."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Integer, Select, bindparam, tuple_

from adapters.postgres.statement import Statement
from application.paging import PageRequest


class PagedReading:
    """A selection in the order of `key`, beginning after a bound `cursor`, of at most `limit` rows and one more.

    `within` names the columns whose rows have the values bound under their names. They are compared as a range and stand in
    the order: an equation would let the planner go along an index of `key` alone, past everybody else's rows.
    """

    def __init__(self, selection: Select[Any], key: Column[Any], name: str, within: Sequence[Column[Any]] = ()) -> None:
        self._statements = {
            (down, bounded): _statement(selection, [*within, key], name, down=down, bounded=bounded)
            for down in (True, False) for bounded in (True, False)
        }

    def for_page(self, page: PageRequest) -> tuple[Statement, Mapping[str, Any]]:
        """Return the statement and its values for this page."""
        statement = self._statements[page.scans_down, page.cursor is not None]
        return statement, {"limit": page.limit + 1, "cursor": page.cursor}


def name_of_page(name: str, *, down: bool, bounded: bool) -> str:
    """Return what the reading of one of the four kinds of pages is called."""
    return f"{name}.{'down' if down else 'up'}{'.after' if bounded else ''}"


def in_range(columns: Sequence[Any], group: Sequence[Any], cursor: Any | None, *, down: bool) -> list[Any]:
    """Return the conditions for rows of a group, which the columns but the last name, from the cursor (None: its end) on."""
    first, last = tuple_(*columns[:-1]) >= tuple_(*group), tuple_(*columns[:-1]) <= tuple_(*group)
    if cursor is None:
        return [first, last] if group else []
    place, end = tuple_(*columns), tuple_(*group, cursor)
    rest = [first if down else last] if group else []
    return [place < end if down else place > end, *rest]


def _statement(selection: Select[Any], columns: Sequence[Column[Any]], name: str, *, down: bool, bounded: bool) -> Statement:
    group = [bindparam(column.name, type_=column.type) for column in columns[:-1]]
    cursor = bindparam("cursor", type_=columns[-1].type) if bounded else None
    page = (
        selection.where(*in_range(columns, group, cursor, down=down))
        .order_by(*(column.desc() if down else column for column in columns)).limit(bindparam("limit", type_=Integer))
    )
    return Statement(page, name_of_page(name, down=down, bounded=bounded))
