"""What becomes of an event that was given its reactions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.ports.edge import EdgeBusy, PurgeRefused
from application.ports.notifier import LetterRefused
from application.ports.outbox import Envelope
from domain.shared.errors import DomainError
from domain.shared.identifiers import millis_of

_LONGEST_DELAY_SECONDS: Final = 60.0
_SHORTEST_WISH_SECONDS: Final = 0.5
_LONGEST_WISH_SECONDS: Final = 3600.0
_HOPELESS_AFTER: Final = timedelta(hours=24)
_FAIR_ATTEMPTS: Final = 8


@dataclass(frozen=True, slots=True)
class Done:
    """It had all its reactions."""


@dataclass(frozen=True, slots=True)
class Later:
    """It comes again in so many seconds."""

    delay: float


@dataclass(frozen=True, slots=True)
class Dead:
    """It is set aside until an operator brings it back."""

    reason: str


Fate = Done | Later | Dead


def fate_after(failure: Exception, envelope: Envelope, now: datetime) -> Later | Dead:
    """Return what becomes of an event that failed: dead if it was refused, or failed in many attempts for a day."""
    age = timedelta(seconds=now.timestamp() - millis_of(envelope.id) / 1000)
    if isinstance(failure, PurgeRefused | LetterRefused) or (age >= _HOPELESS_AFTER and envelope.attempts >= _FAIR_ATTEMPTS):
        return Dead(_reason(failure))
    if isinstance(failure, EdgeBusy):
        return Later(min(max(failure.after, _SHORTEST_WISH_SECONDS), _LONGEST_WISH_SECONDS))
    return Later(min(2.0 ** min(envelope.attempts, 10), _LONGEST_DELAY_SECONDS))


def _reason(failure: Exception) -> str:
    """Return the failure in an operator's words; what a library says stays out, for it may hold a secret."""
    name = type(failure).__name__
    return f"{name}: {failure}" if isinstance(failure, DomainError) else name
