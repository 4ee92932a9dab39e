"""Pages of a list: under the list's own key lies the page that was asked for first, with a random word, its generation.

Other pages have that word in their keys, so that an invalidation of the one key puts all of them out of date. A page that was
read before a change bears a generation that ends with that change, however late the page is filled. Most lists are read in one
way until they change: that takes one reading of the cache and one fill. Where nothing is cached, identical pages are joined.
"""

from collections.abc import Awaitable, Callable
from secrets import token_hex
from typing import TypeVar

from adapters.caching.cached_reads import CachedReads
from adapters.caching.shapes import Shape, Shelf

T = TypeVar("T")
Load = Callable[[], Awaitable[T]]


async def read_page(
    reads: CachedReads, under: str, name: Callable[[str], str], shelf: Shape[Shelf[T]], shape: Shape[T], load: Load[T], *,
    lax: Load[T] | None = None, who: str = "",
) -> T:
    """Return the page called `name` of the generation under a key; `lax` and `who` are as in CachedReads.read."""
    bare = name("")

    async def put() -> Shelf[T]:
        return Shelf(token_hex(8), bare, await load())

    async def pass_by() -> Shelf[T]:
        return Shelf("", bare, await (lax or load)())

    first = await reads.read(under, shelf, put, lax=pass_by, who=who)
    if first.name == bare:
        return first.page
    if first.generation:
        return await reads.read(name(first.generation), shape, load, lax=lax, who=who)
    return await reads.join(bare + who, lax or load)
