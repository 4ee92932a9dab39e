"""How long somebody waits who was wrong: not at all at first, then ever longer, and never so long that an owner is locked out."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.shared.errors import LimitExceeded

LONGEST_WAIT: Final = 120.0
FORGOTTEN_AFTER: Final = timedelta(minutes=15)


class TooManyAttempts(LimitExceeded):
    """Somebody was wrong too often; `retry_after` (at most 120) seconds later it is heard again."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("There were too many attempts; please wait and try again.", retry_after=retry_after)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many attempts were counted, and when the last one was; 15 minutes after it all are forgotten."""

    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Patience:
    """So many attempts are free; each further one doubles the wait, from one second to `longest`."""

    free: int
    longest: float = LONGEST_WAIT

    def wait(self, tally: Tally | None, now: datetime) -> float:
        """Return in how many seconds another attempt is heard; 0: now."""
        if tally is None or tally.count < self.free:
            return 0.0
        delay = min(2.0 ** min(tally.count - self.free, 10), self.longest)
        return max(0.0, delay - (now - tally.last_at).total_seconds())


def network_of(address: str | None) -> str:
    """Return what stands for somebody's place in the network: an IPv4 address, or the /64 that one IPv6 line has."""
    try:
        place = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(place, ipaddress.IPv6Address):
        return str(place.ipv4_mapped or ipaddress.ip_network((place, 64), strict=False))
    return str(place)
