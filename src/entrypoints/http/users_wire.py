"""The wire of users and their tokens."""

from datetime import datetime
from typing import Literal

from application.users.tokens import TokenPair
from application.users.views import UserView
from domain.users.limits import Limits, Plans
from domain.users.plan import Plan, UserRole
from entrypoints.http import bounds
from entrypoints.http.wire import In, Out


class SignUpIn(In, frozen=True):
    """Who wants an account."""

    email: bounds.Email
    password: bounds.Password
    name: bounds.Name


class LogInIn(In, frozen=True):
    """An address and a password."""

    email: str
    password: str


class RefreshIn(In, frozen=True):
    """A refresh token, good once."""

    refresh_token: str


class TokensOut(Out, frozen=True):
    """The tokens of a sign-in; `expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: Literal["bearer"] = "bearer"  # noqa: S105

    @classmethod
    def of(cls, pair: TokenPair) -> "TokensOut":
        """Return the shape."""
        return cls(pair.access_token, pair.refresh_token, pair.expires_in)


class UserOut(Out, frozen=True):
    """A user, with the limits in force."""

    id: str
    email: str
    name: str
    plan: Plan
    role: UserRole
    limits: Limits
    email_verified: bool
    created_at: datetime
    updated_at: datetime
    object: Literal["user"] = "user"

    @classmethod
    def of(cls, user: UserView, plans: Plans) -> "UserOut":
        """Return the shape."""
        limits = plans.of(user.plan, user.limits)
        verified = user.email_verified_at is not None
        return cls(
            user.id, user.email, user.name, user.plan, user.role, limits, verified, user.created_at, user.updated_at
        )


class SignedUpOut(Out, frozen=True):
    """A new user, signed in."""

    user: UserOut
    access_token: str
    refresh_token: str
    expires_in: int
    token_type: Literal["bearer"] = "bearer"  # noqa: S105


class UserPatchIn(In, frozen=True):
    """What users change of themselves."""

    name: bounds.Name
