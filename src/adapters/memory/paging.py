"""Pages of what lies in memory."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from application.paging import Page, PageRequest, page_of

T = TypeVar("T")
K = TypeVar("K", int, str)


def page_by(rows: Iterable[T], request: PageRequest, key: Callable[[T], K], cursor: K | None) -> Page[T]:
    """Return the page of rows whose keys lie beyond the cursor, in the direction of the request."""
    down = request.scans_down
    beyond = [row for row in rows if cursor is None or (key(row) < cursor if down else key(row) > cursor)]
    return page_of(sorted(beyond, key=key, reverse=down)[: request.limit + 1], request)
