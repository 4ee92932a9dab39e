"""A cache with leased fills, so that a fill that began before an invalidation never lands after it.

Source of the lease: "Scaling Memcache at Facebook" (NSDI 2013), section 3.2.1.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Hit:
    """The stored value."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Lease:
    """Nothing is stored. With a `token` the caller is the one filler; None: somebody else is filling."""

    token: str | None


class Cache(Protocol):
    """Bytes by key. An outage is a miss without a lease to read and nothing to write, but is told of `invalidate`."""

    @abstractmethod
    async def read(self, key: str) -> Hit | Lease:
        """Return the value, or a lease to fill it within 10 seconds."""

    @abstractmethod
    async def fill(self, key: str, lease: str, value: bytes, lifetime: float) -> bool:
        """Store the value for `lifetime` seconds if the lease still stands; return whether it was stored."""

    @abstractmethod
    async def invalidate(self, keys: Sequence[str]) -> None:
        """Forget the values and take their leases away; Unavailable when the cache cannot be reached."""

    @abstractmethod
    async def ping(self) -> None:
        """Return if the cache answers; Unavailable if not."""
