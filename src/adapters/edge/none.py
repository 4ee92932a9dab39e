"""No shared cache that must be told."""

from collections.abc import Mapping, Sequence
from typing import Final

from adapters.edge.options import only
from application.ports.edge import EdgeDialect, EdgePurger, require_keys


class NoPurger(EdgePurger):
    """Purges nothing: what shared caches keep is as old as its lifetime allows."""

    dialect: Final = EdgeDialect("surrogate-key")

    async def purge(self, keys: Sequence[str], purge_id: str) -> None:
        """Return."""
        require_keys(keys)

    async def close(self) -> None:
        """Hold nothing."""


def open_edge(options: Mapping[str, str]) -> EdgePurger:
    """Return the purger; it has no options."""
    only(options)
    return NoPurger()
