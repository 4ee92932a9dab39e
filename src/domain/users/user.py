"""A person with an account."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.shared.errors import Conflict, Invalid, NotFound
from domain.shared.events import DomainEvent
from domain.shared.identifiers import UserId
from domain.shared.rules import bounded_text
from domain.users.limits import NO_OWN_LIMITS, OwnLimits
from domain.users.plan import Plan, UserRole

EMAIL_PATTERN: Final = r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)+"
_EMAIL: Final = re.compile(EMAIL_PATTERN)


class EmailTaken(Conflict):
    """Another account has this address."""

    code = "email_taken"


class UserNotFound(NotFound):
    """There is no such user."""

    code = "user_not_found"


@dataclass(frozen=True, slots=True)
class UserErased(DomainEvent):
    """The account is gone, and what it owned is going."""

    user_id: UserId


def parse_email(value: str) -> str:
    """Return the address in lower case; it must look like one and have at most 254 characters."""
    email = value.strip().lower()
    if len(email) > 254 or _EMAIL.fullmatch(email) is None:
        raise Invalid("'email' is not an e-mail address.", param="email")
    return email


def check_password(value: str, *, param: str = "password") -> str:
    """Return the password when it has 8 to 256 characters (NIST SP 800-63B asks for length, not for kinds of characters)."""
    if not 8 <= len(value) <= 256:
        raise Invalid(f"'{param}' must have 8 to 256 characters.", param=param)
    return value


@dataclass(slots=True)
class User:
    """An account; `version` counts its stored changes.

    `monthly_budget` is what its replies may cost in a UTC month, in billionths of a dollar; None for no bound.
    """

    id: UserId
    email: str
    name: str
    plan: Plan
    created_at: datetime
    updated_at: datetime
    version: int = 0
    role: UserRole = UserRole.USER
    limits: OwnLimits = NO_OWN_LIMITS
    monthly_budget: int | None = None
    email_verified_at: datetime | None = None

    @classmethod
    def register(cls, user_id: UserId, *, email: str, name: str, plan: Plan, now: datetime) -> "User":
        """Return a new account whose address and name keep the rules."""
        return cls(user_id, parse_email(email), bounded_text(name, param="name", longest=100), plan, now, now)

    def change_plan(self, plan: Plan, *, now: datetime) -> None:
        """Put the account on another plan."""
        self.plan, self.updated_at = plan, now

    def agree(self, limits: OwnLimits, monthly_budget: int | None, *, now: datetime) -> None:
        """Agree on what differs from the plan, and on what replies may cost in a month (in billionths of a dollar)."""
        if monthly_budget is not None and not 0 <= monthly_budget < 2**63:
            raise Invalid("'monthly_budget' must be 0 or more.", param="monthly_budget")
        self.limits, self.monthly_budget, self.updated_at = limits, monthly_budget, now

    def change_role(self, role: UserRole, *, now: datetime) -> None:
        """Make somebody an administrator, or a user again."""
        self.role, self.updated_at = role, now

    def verify_email(self, *, now: datetime) -> None:
        """Note that somebody reads what is sent to the address, if that is not known already."""
        if self.email_verified_at is None:
            self.email_verified_at = self.updated_at = now

    def rename(self, name: str, *, now: datetime) -> None:
        """Give the account another display name."""
        self.name = bounded_text(name, param="name", longest=100)
        self.updated_at = now
