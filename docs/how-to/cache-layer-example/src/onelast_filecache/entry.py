"""What lies in a file: a head of fixed length, then the value."""

from dataclasses import dataclass
from struct import Struct
from typing import Final

_HEAD: Final = Struct("<?dddd16s")


@dataclass(slots=True)
class Entry:
    """A value or none, and a lease or none; moments in seconds of the machine's clock, `cost` in seconds."""

    value: bytes | None = None
    ends_at: float = 0.0
    stale_at: float = 0.0
    cost: float = 0.0
    lease: str = ""
    leased_until: float = 0.0

    def lives(self, now: float) -> bool:
        """Tell whether there is a value that has not expired."""
        return self.value is not None and now < self.ends_at

    def dump(self) -> bytes:
        """Return the entry in bytes."""
        moments = self.ends_at, self.stale_at, self.cost, self.leased_until
        return _HEAD.pack(self.value is not None, *moments, self.lease.encode()) + (self.value or b"")


def load(stored: bytes) -> Entry:
    """Return the entry; what is no entry is as good as nothing."""
    if len(stored) < _HEAD.size:
        return Entry()
    present, ends_at, stale_at, cost, leased_until, lease = _HEAD.unpack_from(stored)
    value = stored[_HEAD.size :] if present else None
    return Entry(value, ends_at, stale_at, cost, lease.rstrip(b"\0").decode("ascii", "replace"), leased_until)
