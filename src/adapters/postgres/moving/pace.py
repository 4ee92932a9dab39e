"""How long a move waits for what."""

from dataclasses import dataclass

from adapters.postgres.placement import SLOW_SECONDS, TRUSTED_SECONDS


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds.

    Of a new map everybody knows when all living nodes say so and `trusted` has passed, for those who say nothing; what was sent
    out before that has come back `margin` later.
    """

    trusted: float = TRUSTED_SECONDS
    margin: float = SLOW_SECONDS
    nodes: float = 30.0
    locks: float = 60.0
    short: float = 0.2
    close: float = 0.3
    catch_up: float = 600.0
    fence: float = 2.0
    fences: int = 10
