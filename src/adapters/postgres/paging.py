"""Reading pages by keyset: four statements per list, for both directions, with and without a cursor."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Integer, Select, bindparam

from adapters.postgres.statement import Statement
from application.paging import PageRequest


class PagedReading:
    """A selection in the order of `key`, beginning after a bound `cursor`, of at most `limit` rows and one more."""

    def __init__(self, selection: Select[Any], key: Column[Any]) -> None:
        self._statements = {
            (down, bounded): _statement(selection, key, down=down, bounded=bounded)
            for down in (True, False) for bounded in (True, False)
        }

    def for_page(self, page: PageRequest) -> tuple[Statement, Mapping[str, Any]]:
        """Return the statement and its values for this page."""
        statement = self._statements[page.scans_down, page.cursor is not None]
        return statement, {"limit": page.limit + 1, "cursor": page.cursor}


def _statement(selection: Select[Any], key: Column[Any], *, down: bool, bounded: bool) -> Statement:
    if bounded:
        cursor = bindparam("cursor", type_=key.type)
        selection = selection.where(key < cursor if down else key > cursor)
    return Statement(selection.order_by(key.desc() if down else key).limit(bindparam("limit", type_=Integer)))
