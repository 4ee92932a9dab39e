"""From what was counted to what callers are told: the same wherever it is counted."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from application.ports.limiter import MINUTE_MICROS, Admission, Limit, Standing
from domain.users.limits import Limits

DAY_MICROS: Final = 86_400_000_000
_SECOND: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)
# When a stream becomes free nobody knows.
_STREAM_RETRY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Counted:
    """What stands after a request.

    How many microseconds the minute's limit is ahead of its pace, the day's requests and tokens (those set aside included), and
    the microseconds until the day ends.
    """

    ahead: int
    requests: int
    tokens: int
    day_left: int


def interval_of(per_minute: int) -> int:
    """Return the microseconds between two requests at the limit's pace, rounded up so that the limit is never passed."""
    return -(-MINUTE_MICROS // per_minute)


def rescaled(ahead: int, interval: int, per_minute: int) -> int:
    """Return what as many requests are ahead at another limit, at most all of it: a new plan holds at once."""
    current = interval_of(per_minute)
    if not ahead or interval in (0, current):
        return ahead
    return min(-(-ahead // interval), per_minute) * current


def micros_of(moment: datetime) -> int:
    """Return the microseconds since 1970."""
    return (moment - _EPOCH) // _MICRO


def share_of(limits: Limits, parts: int) -> Limits:
    """Return one of `parts` equal parts of the requests and streams, each at least one; the rest is not divided."""
    return replace(
        limits,
        requests_per_minute=-(-limits.requests_per_minute // parts),
        requests_per_day=-(-limits.requests_per_day // parts),
        concurrent_streams=-(-limits.concurrent_streams // parts),
    )


def admission_of(limits: Limits, counted: Counted, refused: Limit | None) -> Admission:
    """Return how the caller stands; of minute and day, the requests are told that end first."""
    return Admission(
        _requests(limits, counted), _tokens(limits, counted), refused,
        0.0 if refused is None else _retry_after(limits, counted, refused),
    )


def _requests(limits: Limits, counted: Counted) -> Standing:
    per_minute, per_day, ahead = limits.requests_per_minute, limits.requests_per_day, counted.ahead
    interval = interval_of(per_minute)
    soon, today = per_minute - -(-ahead // interval), per_day - counted.requests
    if today < soon:
        return Standing(per_day, max(today, 0), counted.day_left / _SECOND)
    return Standing(per_minute, max(soon, 0), ahead / _SECOND)


def _tokens(limits: Limits, counted: Counted) -> Standing:
    most, taken = limits.tokens_per_day, counted.tokens
    return Standing(most, max(most - taken, 0), counted.day_left / _SECOND if taken else 0.0)


def _retry_after(limits: Limits, counted: Counted, refused: Limit) -> float:
    if refused is Limit.CONCURRENT_STREAMS:
        return _STREAM_RETRY_SECONDS
    if refused is not Limit.REQUESTS_PER_MINUTE:
        return counted.day_left / _SECOND
    interval = interval_of(limits.requests_per_minute)
    return (counted.ahead + interval - limits.requests_per_minute * interval) / _SECOND
