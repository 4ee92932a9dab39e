"""How users look from outside."""

from dataclasses import dataclass
from datetime import datetime

from domain.shared.identifiers import UserId
from domain.users.limits import NO_OWN_LIMITS, OwnLimits
from domain.users.plan import Plan, UserRole
from domain.users.user import User


@dataclass(frozen=True, slots=True)
class UserView:
    """A user without secrets."""

    id: UserId
    email: str
    name: str
    plan: Plan
    created_at: datetime
    updated_at: datetime
    role: UserRole = UserRole.USER
    limits: OwnLimits = NO_OWN_LIMITS
    monthly_budget: int | None = None
    email_verified_at: datetime | None = None

    @classmethod
    def of(cls, user: User) -> "UserView":
        """Return the view of an entity."""
        return cls(
            user.id, user.email, user.name, user.plan, user.created_at, user.updated_at, user.role, user.limits,
            user.monthly_budget, user.email_verified_at,
        )
