"""Who is asking."""

from dataclasses import dataclass
from datetime import datetime

from domain.shared.identifiers import SignInId, UserId
from domain.users.limits import NO_OWN_LIMITS, OwnLimits
from domain.users.plan import Plan, UserRole
from domain.users.scopes import Scope


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller whose token or key was accepted; `sign_in_id` is None for an API key.

    `expires_at` is when the token or key is good no longer (None: never), `scopes` what a key may be used for (None: for all),
    `monthly_budget` in billionths of a dollar.
    """

    user_id: UserId
    plan: Plan
    sign_in_id: SignInId | None = None
    expires_at: datetime | None = None
    role: UserRole = UserRole.USER
    limits: OwnLimits = NO_OWN_LIMITS
    monthly_budget: int | None = None
    scopes: tuple[str, ...] | None = None

    @property
    def administers(self) -> bool:
        """Whether the caller may do what administrators may, with this token or key."""
        return self.role is UserRole.ADMIN and (self.scopes is None or Scope.ADMIN in self.scopes)
