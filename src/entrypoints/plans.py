"""What plans allow and what models cost, as operators write it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from domain.analytics.usage import Price, PriceList
from domain.shared.errors import Invalid
from domain.shared.money import NANOS
from domain.users.limits import DEFAULT_PLANS, Limits
from domain.users.plan import Plan

LIMIT_NAMES: Final = tuple(one.name for one in fields(Limits))
_NUMBER: Final = re.compile(r"[0-9]{1,18}|[0-9]{1,3}(?:_[0-9]{3}){1,5}")
_DEAREST: Final = Decimal(1_000_000)


def read_plans(options: Mapping[str, str]) -> Mapping[Plan, Limits]:
    """Return each plan's limits; options are `<plan>_<limit>`, models with commas; ValueError says what is wrong with which."""
    changes: dict[Plan, dict[str, Any]] = {plan: {} for plan in Plan}
    for option, text in options.items():
        name, _, limit = option.partition("_")
        if name not in set(Plan) or limit not in LIMIT_NAMES:
            raise ValueError(
                f"ONELAST_PLAN_{option.upper()} is not a setting; it names a plan and one of {', '.join(LIMIT_NAMES)}."
            )
        try:
            changes[Plan(name)][limit] = read_limit(limit, text)
        except ValueError as problem:
            raise ValueError(f"ONELAST_PLAN_{option.upper()} {problem}.") from None
    try:
        return {plan: replace(DEFAULT_PLANS[plan], **changed) for plan, changed in changes.items()}
    except Invalid as problem:
        raise ValueError(f"ONELAST_PLAN_…: {problem.message}") from None


def read_limit(name: str, text: str) -> int | tuple[str, ...]:
    """Return a limit: a number ('5000', '5_000'), or of `models` the names between commas; ValueError says what it must be."""
    if name == "models":
        return tuple(one.strip() for one in text.split(",") if one.strip())
    if not _NUMBER.fullmatch(text):
        raise ValueError("must be a whole number")
    return int(text)


def read_prices(items: Sequence[str]) -> PriceList:
    """Return the prices from `model=input/output` in dollars per million tokens, '*' for all others; ValueError."""
    return PriceList(dict(_price(item) for item in items))


def _price(item: str) -> tuple[str, Price]:
    model, sign, amounts = item.rpartition("=")
    parts = amounts.split("/")
    if not sign or not model.strip() or len(parts) != 2:
        raise ValueError(f"ONELAST_PRICES must be model=input/output in dollars per million tokens; {item!r} is not.")
    return model.strip(), Price(_nanos(item, parts[0]), _nanos(item, parts[1]))


def _nanos(item: str, text: str) -> int:
    try:
        dollars = Decimal(text.strip())
    except InvalidOperation:
        dollars = Decimal(-1)
    if not (dollars.is_finite() and 0 <= dollars <= _DEAREST):
        raise ValueError(f"ONELAST_PRICES has no amount of dollars from 0 to {_DEAREST} in {item!r}.")
    return int(dollars * NANOS)
