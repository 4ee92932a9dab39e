"""How much a user may take: what the plan allows, and what was agreed with this user alone."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from domain.shared.errors import Invalid
from domain.users.plan import Plan

_MOST: Final = 10**15
ANY_MODEL: Final = "*"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one user may take.

    Requests per minute (and in a burst) and per UTC day, tokens per UTC day, replies being made at once, the size of one message
    in characters and of one file in bytes, and the models that may be asked ('*': all).
    """

    requests_per_minute: int
    requests_per_day: int
    tokens_per_day: int
    concurrent_streams: int
    message_characters: int
    file_bytes: int
    models: tuple[str, ...] = (ANY_MODEL,)

    def __post_init__(self) -> None:
        require_bounds(self)

    def allows_model(self, model: str) -> bool:
        """Whether this model may be asked."""
        return ANY_MODEL in self.models or model in self.models


@dataclass(frozen=True, slots=True)
class OwnLimits:
    """What differs from the plan for one user; None is as the plan has it."""

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_day: int | None = None
    concurrent_streams: int | None = None
    message_characters: int | None = None
    file_bytes: int | None = None
    models: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        require_bounds(self)

    def over(self, plan: Limits) -> Limits:
        """Return the plan's limits with what differs."""
        return replace(plan, **self.said) if self.said else plan

    @property
    def said(self) -> dict[str, Any]:
        """What differs, by name."""
        values = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: value for name, value in values if value is not None}


def require_bounds(limits: Limits | OwnLimits) -> None:
    """Return if each number is a number from 1 to 10^15 and each model has a name; Invalid names the first that is not."""
    for one in fields(limits):
        value = getattr(limits, one.name)
        if isinstance(value, int) and not 1 <= value <= _MOST:
            raise Invalid(f"'{one.name}' must lie between 1 and 10^15.", param=f"limits.{one.name}")
    if limits.models is not None and (not limits.models or not all(0 < len(name) <= 200 for name in limits.models)):
        raise Invalid("'models' must name one model or more, or '*'.", param="limits.models")


NO_OWN_LIMITS: Final = OwnLimits()
DEFAULT_PLANS: Final[Mapping[Plan, Limits]] = {
    Plan.FREE: Limits(20, 1_000, 200_000, 2, 32_000, 10 << 20),
    Plan.STANDARD: Limits(100, 100_000, 5_000_000, 10, 100_000, 25 << 20),
    Plan.PRO: Limits(500, 1_000_000, 50_000_000, 50, 100_000, 100 << 20),
    # What is agreed with a customer stands beside the user; until then nothing but the machines holds one up.
    Plan.ENTERPRISE: Limits(10_000_000, 10**12, 10**12, 10_000, 100_000, 512 << 20),
}


@dataclass(frozen=True, slots=True)
class Plans:
    """What every plan allows."""

    limits: Mapping[Plan, Limits]

    def of(self, plan: Plan, own: OwnLimits) -> Limits:
        """Return what a user on this plan, with limits of their own, may take."""
        return own.over(self.limits[plan])
