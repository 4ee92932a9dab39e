"""Limits and budgets as an operator writes and reads them."""

from collections.abc import Iterable
from typing import Any, Final

from application.users.views import UserView
from domain.shared.errors import Invalid
from domain.shared.money import dollars_of, nanos_of
from entrypoints.plans import LIMIT_NAMES, read_limit
from entrypoints.problems import OperatorProblem

_NONE: Final = "none"


class WrongWord(OperatorProblem):
    """A limit or an amount cannot be read; the message names it."""


def limits_of(words: Iterable[str]) -> dict[str, Any]:
    """Return the limits from name=value, None for 'none'; WrongWord."""
    return dict(_limit(word) for word in words)


def budget_of(word: str) -> int | None:
    """Return an amount of dollars in billionths, None for 'none'; WrongWord."""
    try:
        return None if word == _NONE else nanos_of(word, param="--budget")
    except Invalid as problem:
        raise WrongWord(problem.message) from None


def row_of(user: UserView) -> tuple[str, ...]:
    """Return a table's row."""
    own = " ".join(f"{name}={_text(value)}" for name, value in user.limits.said.items())
    budget = _NONE if user.monthly_budget is None else dollars_of(user.monthly_budget)
    return user.id, user.email, user.plan.value, user.role.value, own or _NONE, budget


def shape_of(user: UserView) -> dict[str, Any]:
    """Return what --json shows."""
    return {
        "id": user.id, "email": user.email, "name": user.name, "plan": user.plan, "role": user.role,
        "own_limits": user.limits.said,
        "monthly_budget": None if user.monthly_budget is None else dollars_of(user.monthly_budget),
        "email_verified_at": user.email_verified_at, "created_at": user.created_at, "updated_at": user.updated_at,
    }


def _limit(word: str) -> tuple[str, Any]:
    name, sign, value = word.partition("=")
    if not sign or name not in LIMIT_NAMES:
        known = ", ".join(LIMIT_NAMES)
        raise WrongWord(f"{word!r} is no limit; write one of {known}, '=' and a number (models: names with commas).")
    if value == _NONE:
        return name, None
    try:
        return name, read_limit(name, value)
    except ValueError as problem:
        raise WrongWord(f"{name} {problem}, or 'none'.") from None


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)
