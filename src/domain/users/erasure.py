"""The erasure of an account: it begins with the end of the account and lasts until nothing of it is left anywhere."""

from dataclasses import dataclass
from datetime import datetime

from domain.shared.identifiers import UserId


@dataclass(frozen=True, slots=True)
class Erasure:
    """An account that has ended; `step` names what is to be done next, `attempts` counts how often that was begun."""

    user_id: UserId
    step: str
    begun_at: datetime
    attempts: int = 0
