"""A cache whose layers lie one upon the other, each an adapter of this port.

Fills are leased, so that one that began before an invalidation never lands after it: "Scaling Memcache at Facebook" (NSDI
2013), section 3.2.1. Hot values are refreshed before they expire, by one reader: Vattani et al., "Optimal Probabilistic Cache
Stampede Prevention" (VLDB 2015).
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol

LEASE_SECONDS: Final = 10.0
# How long a layer may answer from what it read of the layer below: so long, at most, an invalidation waits for it.
REMEMBERED_SECONDS: Final = 1.0

Forget = Callable[[Sequence[str]], None]


@dataclass(slots=True)
class Hit:
    """A stored value. With a `refresh` (a lease's token) the caller is to fill it anew, and may take this value meanwhile.

    Who listens to invalidations may answer with it for `keep` seconds, counted from the beginning of its reading.
    `decoded` is for the reader above: what it made of the bytes (alone in a tuple), kept as long as they are.
    """

    value: bytes
    refresh: str | None = field(default=None, compare=False)
    keep: float = field(default=0.0, compare=False)
    decoded: tuple[Any] | None = field(default=None, compare=False, repr=False)


def bytes_taken(key: str, hit: Hit | None) -> int:
    """Return roughly what a process spends on an entry: objects, the bytes, and what a reader makes of them."""
    return 400 + len(key) + (0 if hit is None else 3 * len(hit.value))


@dataclass(frozen=True, slots=True)
class Lease:
    """Nothing is stored; the caller is the one filler."""

    token: str


class Miss(Enum):
    """Nothing is stored and the caller is not to fill it."""

    FILLING = "somebody else is filling it"
    AWAY = "the cache cannot be asked"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a value lives, in seconds; in the last `stale` of them it is refreshed while it is used."""

    seconds: float
    stale: float = 0.0


class Cache(Protocol):
    """Bytes by key. An outage is Miss.AWAY to read and nothing to fill, but is told of `invalidate`."""

    @abstractmethod
    def peek(self, key: str) -> Hit | None:
        """Return what this process knows without asking anybody."""

    @abstractmethod
    async def read(self, key: str) -> Hit | Lease | Miss:
        """Return the value, or the lease to fill it within LEASE_SECONDS."""

    @abstractmethod
    async def fill(self, key: str, lease: str, value: bytes, lifetime: Lifetime, cost: float = 0.0) -> Hit | None:
        """Store the value if the lease still stands, else return None.

        `cost` is how many seconds it took to find: what is dear is refreshed earlier.
        """

    @abstractmethod
    async def invalidate(self, keys: Sequence[str]) -> None:
        """Forget the values and take their leases away; return when nobody answers with them any more.

        Unavailable when the cache cannot be reached.
        """

    @abstractmethod
    def listen(self, forget: Forget) -> None:
        """Call `forget` with the keys that are invalidated here or elsewhere, before that invalidation returns."""

    @abstractmethod
    async def ping(self) -> None:
        """Return if the cache answers; Unavailable if not."""
