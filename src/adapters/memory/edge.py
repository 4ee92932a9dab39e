"""A shared cache in memory, which remembers what was stored under which keys."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from application.ports.edge import EdgeDialect, EdgePurger, require_keys
from domain.shared.errors import Unavailable


class MemoryEdge(EdgePurger):
    """Answers by address; one that was purged is kept, and served only by who asks for what is stale too."""

    dialect: Final = EdgeDialect("surrogate-key")

    def __init__(self) -> None:
        self._stored: dict[str, frozenset[str]] = {}
        self._stale: set[str] = set()
        self.away = False
        self.purges: list[tuple[tuple[str, ...], str]] = []

    def store(self, address: str, keys: Iterable[str]) -> None:
        """Keep an answer, fresh, under its keys."""
        self._stored[address] = frozenset(keys)
        self._stale.discard(address)

    def serves(self, address: str, *, stale: bool = False) -> bool:
        """Tell whether there is a fresh answer; with `stale`, whether there is any."""
        return address in self._stored and (stale or address not in self._stale)

    async def purge(self, keys: Sequence[str], purge_id: str) -> None:
        """Make the answers with any of the keys stale."""
        require_keys(keys)
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("The edge is away.")
        self.purges.append((tuple(keys), purge_id))
        self._stale |= {address for address, stored in self._stored.items() if not stored.isdisjoint(keys)}

    async def close(self) -> None:
        """Hold nothing."""
