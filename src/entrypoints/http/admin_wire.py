"""The wire of users as administrators see and change them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from application.users.views import UserView
from domain.shared.money import dollars_of, nanos_of
from domain.users.limits import Limits, OwnLimits, Plans
from domain.users.plan import Plan, UserRole
from entrypoints.http.bounds import DollarAmount, Dollars, OwnLimit
from entrypoints.http.wire import In, Out


class LimitsIn(In, frozen=True):
    """Limits of a user's own; null is the plan's again, what is left out stays."""

    requests_per_minute: OwnLimit | UnsetType | None = UNSET
    requests_per_day: OwnLimit | UnsetType | None = UNSET
    tokens_per_day: OwnLimit | UnsetType | None = UNSET
    concurrent_streams: OwnLimit | UnsetType | None = UNSET
    message_characters: OwnLimit | UnsetType | None = UNSET
    file_bytes: OwnLimit | UnsetType | None = UNSET
    models: Annotated[list[str], Meta(max_length=200)] | UnsetType | None = UNSET

    def changes(self) -> Mapping[str, Any]:
        """Return what is said, by name."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items() if value is not UNSET}


_THE_PLANS: Mapping[str, Any] = dict.fromkeys(LimitsIn.__struct_fields__)


class StandingIn(In, frozen=True):
    """What to change; `limits` null takes all limits of the user's own away, `monthly_budget` (dollars) null the bound."""

    plan: Plan | UnsetType = UNSET
    role: UserRole | UnsetType = UNSET
    limits: LimitsIn | UnsetType | None = UNSET
    monthly_budget: Dollars | DollarAmount | UnsetType | None = UNSET

    def limit_changes(self) -> Mapping[str, Any]:
        """Return the limits that are said, by name."""
        if isinstance(self.limits, UnsetType):
            return {}
        return _THE_PLANS if self.limits is None else self.limits.changes()

    def budget(self) -> int | None:
        """Return the budget in billionths of a dollar; Invalid."""
        said = self.monthly_budget
        return None if said is None or isinstance(said, UnsetType) else nanos_of(str(said), param="monthly_budget")


class AdminUserOut(Out, frozen=True):
    """A user: `limits` are those in force, `own_limits` those that differ from the plan, `monthly_budget` is in dollars."""

    id: str
    email: str
    name: str
    plan: Plan
    role: UserRole
    limits: Limits
    own_limits: OwnLimits
    monthly_budget: str | None
    email_verified_at: datetime | None
    created_at: datetime
    updated_at: datetime
    object: Literal["user"] = "user"

    @classmethod
    def of(cls, user: UserView, plans: Plans) -> "AdminUserOut":
        """Return the shape of a user."""
        budget = None if user.monthly_budget is None else dollars_of(user.monthly_budget)
        return cls(
            user.id, user.email, user.name, user.plan, user.role, plans.of(user.plan, user.limits), user.limits, budget,
            user.email_verified_at, user.created_at, user.updated_at,
        )
