"""What a vendor's answer that is not a success means."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from application.ports.edge import EdgeBusy, PurgeRefused
from domain.shared.errors import Unavailable

LONGEST_WAIT: Final = 120.0
_SHORTEST_WAIT: Final = 1.0
# A vendor that is busy and does not say for how long.
_WAIT: Final = 30.0
# What a request may have met by chance: a timeout, a conflict, a replay of the handshake.
_PASSING: Final = {408, 409, 425}
# Wrong credentials or a wrong zone: whoever mends the setting wants the purges that waited.
_MENDABLE: Final = {401, 403, 404}


def failure(edge: str, status: int, headers: Mapping[str, str], look_at: Mapping[int, str]) -> Unavailable | PurgeRefused:
    """Return the error to raise; `look_at` tells by status which settings may be wrong. The headers' names are in lower case."""
    wait = asked_wait(headers)
    if status == 429 or (status == 503 and wait is not None):
        return busy(edge, wait)
    if status >= 500 or status in _PASSING:
        return Unavailable(f"{edge} answers {status}.")
    told = f"{edge} refuses the purge with {status}: look at {look_at.get(status, 'ONELAST_EDGE_URL')}."
    return Unavailable(told) if status in _MENDABLE else PurgeRefused(told)


def busy(edge: str, wait: float | None = None) -> EdgeBusy:
    """Return the error of a vendor that takes no purge for so many seconds, within bounds."""
    after = _WAIT if wait is None else wait
    return EdgeBusy(f"{edge} takes no purge for the moment.", min(max(after, _SHORTEST_WAIT), LONGEST_WAIT))


def asked_wait(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """Return how many seconds the answer asks us to wait, if it does: Retry-After in either form, or Fastly's own header."""
    if (retry_after := headers.get("retry-after", "").strip()).isdecimal():
        return float(retry_after)
    if retry_after:
        return _until(retry_after, now())
    if (reset := headers.get("fastly-ratelimit-reset", "").strip()).isdecimal():
        return float(reset) - now()
    return None


def _until(date: str, now: float) -> float | None:
    try:
        at = parsedate_to_datetime(date)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now
