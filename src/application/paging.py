"""Lists are read by keyset: a page begins after (or before) a known identifier."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from domain.shared.errors import Invalid

T = TypeVar("T")
MOST: Final = 100


class Identified(Protocol):
    """What stands in lists."""

    @property
    def id(self) -> str:
        """The identifier that cursors are made of."""


V = TypeVar("V", bound=Identified)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`limit` is 1 to 100; at most one of `after` and `before` (identifiers of list items) is given."""

    limit: int = 20
    descending: bool = True
    after: str | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST:
            raise Invalid("'limit' must lie between 1 and 100.", param="limit")
        if self.after is not None and self.before is not None:
            raise Invalid("'after' and 'before' exclude each other.", param="before")

    @property
    def cursor(self) -> str | None:
        """The identifier at which the page begins, or None."""
        return self.after if self.after is not None else self.before

    @property
    def scans_down(self) -> bool:
        """Whether the store reads towards smaller keys (a page before a cursor is read backwards and turned round)."""
        return self.descending if self.before is None else not self.descending


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items in the wanted order and whether more follow."""

    items: tuple[T, ...]
    has_more: bool


def page_of(rows: Sequence[T], request: PageRequest) -> Page[T]:
    """Return the page for up to `limit + 1` rows read in scan order."""
    kept = tuple(rows[: request.limit])
    if request.before is not None:
        kept = kept[::-1]
    return Page(kept, len(rows) > request.limit)


async def pages_of(
    read: Callable[[PageRequest], Awaitable[Page[V]]], *, descending: bool = True
) -> AsyncGenerator[Sequence[V], None]:
    """Yield the items of a whole list, a page at a time, each read when it is asked for."""
    after: str | None = None
    while True:
        page = await read(PageRequest(MOST, descending, after))
        yield page.items
        if not page.has_more:
            return
        after = page.items[-1].id
