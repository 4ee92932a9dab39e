"""Pages of a list have a generation in their keys: a random word under one key, whose invalidation puts all of them out of date.

A page that was read before a change bears a generation that ends with that change, however late the page is filled.
"""

from secrets import token_hex


async def new_generation() -> str:
    """Return a word that no other generation has."""
    return token_hex(8)
