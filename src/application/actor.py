"""Who is asking."""

from dataclasses import dataclass
from datetime import datetime

from domain.shared.identifiers import SignInId, UserId
from domain.users.user import Plan


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller whose token or key was accepted; `sign_in_id` is None for an API key, `expires_at` too."""

    user_id: UserId
    plan: Plan
    sign_in_id: SignInId | None = None
    expires_at: datetime | None = None
