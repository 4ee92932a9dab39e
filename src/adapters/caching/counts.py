"""How often each layer of cache had what was asked of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.cache import Cache, Forget, Hit, Lease, Lifetime, Miss


@dataclass(slots=True)
class CacheCounts:
    """Of one layer since the start: what it knew at once, readings and how they ended, fills, and fills that were refused."""

    layer: str
    peeks: int = 0
    reads: int = 0
    hits: int = 0
    away: int = 0
    fills: int = 0
    refused: int = 0
    invalidated: int = 0


class CountedLayer(Cache):
    """A layer whose use is counted; what a layer has below it is counted there as well."""

    def __init__(self, inner: Cache, counts: CacheCounts) -> None:
        self._inner, self._counts = inner, counts

    def peek(self, key: str) -> Hit | None:
        """Count what is known at once."""
        hit = self._inner.peek(key)
        if hit is not None:
            self._counts.peeks += 1
        return hit

    async def read(self, key: str) -> Hit | Lease | Miss:
        """Count the reading, and what it found."""
        found = await self._inner.read(key)
        self._counts.reads += 1
        self._counts.hits += isinstance(found, Hit)
        self._counts.away += found is Miss.AWAY
        return found

    async def fill(self, key: str, lease: str, value: bytes, lifetime: Lifetime, cost: float = 0.0) -> Hit | None:
        """Count the fill, and whether the lease still stood."""
        stored = await self._inner.fill(key, lease, value, lifetime, cost)
        self._counts.fills += stored is not None
        self._counts.refused += stored is None
        return stored

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Count the keys."""
        await self._inner.invalidate(keys)
        self._counts.invalidated += len(keys)

    def listen(self, forget: Forget) -> None:
        """Have the layer tell it."""
        self._inner.listen(forget)

    async def ping(self) -> None:
        """Ask the layer."""
        await self._inner.ping()


def outcomes_of(layers: Sequence[CacheCounts]) -> dict[tuple[str, str], int]:
    """Return for layers, from the top, how often each had what was asked of it ("hit"), had not, and the rest."""
    found: dict[tuple[str, str], int] = {}
    for place, counts in enumerate(layers):
        asked = counts.peeks + counts.reads
        below = layers[place + 1] if place + 1 < len(layers) else None
        missed = counts.reads - counts.hits if below is None else min(asked, below.peeks + below.reads)
        named = {"hit": asked - missed, "miss": missed, "away": counts.away, "fill": counts.fills, "refused": counts.refused}
        found |= {(counts.layer, outcome): number for outcome, number in (named | {"invalidated": counts.invalidated}).items()}
    return found
