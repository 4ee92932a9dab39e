"""Pages of a list have a generation in their keys: a random word under one key, whose invalidation puts all of them out of date.

A page that was read before a change bears a generation that ends with that change, however late the page is filled. Where
nothing is cached there is none, and identical pages are joined.
"""

from collections.abc import Awaitable, Callable
from secrets import token_hex
from typing import TypeVar

from adapters.caching.cached_reads import CachedReads
from adapters.caching.shapes import GENERATION, Shape

T = TypeVar("T")
Load = Callable[[], Awaitable[T]]


async def read_page(
    reads: CachedReads, under: str, name: Callable[[str], str], shape: Shape[T], load: Load[T], *,
    lax: Load[T] | None = None, who: str = "",
) -> T:
    """Return the page called `name` of the generation under a key; `lax` and `who` are as in CachedReads.read."""
    generation = await reads.read(under, GENERATION, new_generation, lax=_none)
    if generation:
        return await reads.read(name(generation), shape, load, lax=lax, who=who)
    return await reads.join(name("") + who, lax or load)


async def new_generation() -> str:
    """Return a word that no other generation has."""
    return token_hex(8)


async def _none() -> str:
    return ""
