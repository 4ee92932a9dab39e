"""How users look from outside."""

from dataclasses import dataclass
from datetime import datetime

from domain.shared.identifiers import UserId
from domain.users.user import Plan, User


@dataclass(frozen=True, slots=True)
class UserView:
    """A user without secrets."""

    id: UserId
    email: str
    name: str
    plan: Plan
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, user: User) -> "UserView":
        """Return the view of an entity."""
        return cls(user.id, user.email, user.name, user.plan, user.created_at, user.updated_at)
