"""A person with an account."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.shared.errors import Conflict, Invalid, NotFound
from domain.shared.events import DomainEvent
from domain.shared.identifiers import UserId
from domain.shared.rules import bounded_text

_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)+")


class Plan(StrEnum):
    """What the user pays for."""

    FREE = "free"
    STANDARD = "standard"
    PRO = "pro"
    ENTERPRISE = "enterprise"


class EmailTaken(Conflict):
    """Another account has this address."""

    code = "email_taken"


class UserNotFound(NotFound):
    """There is no such user."""

    code = "user_not_found"


@dataclass(frozen=True, slots=True)
class UserErased(DomainEvent):
    """The account and all it owned are gone."""

    user_id: UserId


def parse_email(value: str) -> str:
    """Return the address in lower case; it must look like one and have at most 254 characters."""
    email = value.strip().lower()
    if len(email) > 254 or _EMAIL.fullmatch(email) is None:
        raise Invalid("'email' is not an e-mail address.", param="email")
    return email


def check_password(value: str) -> str:
    """Return the password when it has 8 to 256 characters (NIST SP 800-63B asks for length, not for kinds of characters)."""
    if not 8 <= len(value) <= 256:
        raise Invalid("'password' must have 8 to 256 characters.", param="password")
    return value


@dataclass(slots=True)
class User:
    """An account; `version` counts its stored changes."""

    id: UserId
    email: str
    name: str
    plan: Plan
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @classmethod
    def register(cls, user_id: UserId, *, email: str, name: str, plan: Plan, now: datetime) -> "User":
        """Return a new account whose address and name keep the rules."""
        return cls(user_id, parse_email(email), bounded_text(name, param="name", longest=100), plan, now, now)

    def rename(self, name: str, *, now: datetime) -> None:
        """Give the account another display name."""
        self.name = bounded_text(name, param="name", longest=100)
        self.updated_at = now
