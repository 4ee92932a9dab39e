"""Walking through lists page by page, as clients do."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import pytest

from application.paging import Page, PageRequest

T = TypeVar("T")
Reading = Callable[[PageRequest], Awaitable[Page[T] | None]]
every_way = pytest.mark.parametrize(
    ("limit", "descending"), [(limit, descending) for limit in (1, 2, 6, 7, 8) for descending in (False, True)]
)


async def walk(read: Reading[T], *, limit: int, descending: bool) -> list[T]:
    """Return all items, read from the first page on, having looked that each page but the last is full."""
    items: list[T] = []
    after: str | None = None
    while True:
        page = await page_with(read, PageRequest(limit, descending, after=after))
        items += page.items
        if not page.has_more:
            return items
        assert len(page.items) == limit
        after = _id_of(page.items[-1])


async def walk_back(read: Reading[T], *, limit: int, descending: bool, before: str) -> list[T]:
    """Return the items before a cursor, in the wanted order, read from the page next to the cursor on."""
    items: list[T] = []
    while True:
        page = await page_with(read, PageRequest(limit, descending, before=before))
        items = [*page.items, *items]
        if not page.has_more:
            return items
        assert len(page.items) == limit
        before = _id_of(page.items[0])


async def walks_both_ways(read: Reading[T], ascending: Sequence[T], *, limit: int, descending: bool) -> None:
    """Look that the list has these items, in both directions, however it is paged."""
    wanted = list(ascending)[::-1] if descending else list(ascending)
    assert await walk(read, limit=limit, descending=descending) == wanted
    assert await walk_back(read, limit=limit, descending=descending, before=_id_of(wanted[-1])) == wanted[:-1]


async def page_with(read: Reading[T], request: PageRequest) -> Page[T]:
    """Return the page, which is there."""
    page = await read(request)
    assert page is not None
    return page


def cut(items: Sequence[T], keys: Sequence[Any], request: PageRequest, cursor: Any) -> Page[T]:
    """Return the page that a list in memory would have, whose keys ascend."""
    rows = list(zip(keys, items, strict=True))[:: -1 if request.descending else 1]
    if cursor is not None:
        wants_greater = request.descending == (request.before is not None)
        rows = [(key, item) for key, item in rows if key != cursor and (key > cursor) == wants_greater]
    kept = rows[-request.limit :] if request.before is not None else rows[: request.limit]
    return Page(tuple(item for _, item in kept), len(rows) > len(kept))


def _id_of(item: Any) -> str:
    return str(item.id)
