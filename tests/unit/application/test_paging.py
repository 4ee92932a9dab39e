"""Pages of lists, against the plain sorted list."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.paging import Page, PageRequest, page_of
from domain.shared.errors import Invalid

KEYS = st.text("abc", min_size=1, max_size=3)
LISTS = st.sets(KEYS, max_size=15).map(sorted)
LIMITS, ORDERS = st.integers(1, 8), st.booleans()


def read(keys: Sequence[str], request: PageRequest) -> Page[str]:
    """Return the page as a store reads it that scans an index in one direction from the cursor on."""
    scan = sorted(keys, reverse=request.scans_down)
    cursor = request.cursor
    if cursor is not None:
        scan = [key for key in scan if (key < cursor if request.scans_down else key > cursor)]
    return page_of(scan[: request.limit + 1], request)


def ordered(keys: Sequence[str], *, descending: bool) -> list[str]:
    return sorted(keys, reverse=descending)


@given(LISTS, LIMITS, ORDERS)
def test_the_first_page_is_the_beginning_of_the_list(keys: list[str], limit: int, descending: bool) -> None:
    page = read(keys, PageRequest(limit, descending))
    assert page == Page(tuple(ordered(keys, descending=descending)[:limit]), len(keys) > limit)


@given(LISTS, KEYS, LIMITS, ORDERS)
def test_a_page_after_a_cursor_begins_there_whether_or_not_the_item_still_exists(
    keys: list[str], cursor: str, limit: int, descending: bool
) -> None:
    page = read(keys, PageRequest(limit, descending, after=cursor))
    whole = ordered({*keys, cursor}, descending=descending)
    following = whole[whole.index(cursor) + 1 :]
    assert page == Page(tuple(following[:limit]), len(following) > limit)


@given(LISTS, KEYS, LIMITS, ORDERS)
def test_a_page_before_a_cursor_ends_there_and_keeps_the_lists_order(
    keys: list[str], cursor: str, limit: int, descending: bool
) -> None:
    page = read(keys, PageRequest(limit, descending, before=cursor))
    whole = ordered({*keys, cursor}, descending=descending)
    preceding = whole[: whole.index(cursor)]
    assert page == Page(tuple(preceding[-limit:]), len(preceding) > limit)


@given(LISTS, LIMITS, ORDERS)
def test_pages_after_each_other_are_the_whole_list(keys: list[str], limit: int, descending: bool) -> None:
    page = read(keys, PageRequest(limit, descending))
    found = list(page.items)
    while page.has_more:
        page = read(keys, PageRequest(limit, descending, after=found[-1]))
        found += page.items
    assert found == ordered(keys, descending=descending)


@pytest.mark.parametrize("limit", [1, 100])
def test_limits_at_the_bounds_are_taken(limit: int) -> None:
    assert PageRequest(limit).limit == limit


@pytest.mark.parametrize("limit", [-1, 0, 101])
def test_limits_beyond_the_bounds_are_refused_by_name(limit: int) -> None:
    with pytest.raises(Invalid) as refused:
        PageRequest(limit)
    assert refused.value.param == "limit"


def test_a_page_has_one_cursor_at_most() -> None:
    with pytest.raises(Invalid, match="exclude each other") as refused:
        PageRequest(after="a", before="b")
    assert refused.value.param == "before"


def test_a_page_is_of_the_twenty_newest_unless_it_is_said_otherwise() -> None:
    assert PageRequest() == PageRequest(limit=20, descending=True, after=None, before=None)
