"""What plans allow and what models cost, as settings tell it."""

import pytest

from domain.analytics.usage import PriceList
from domain.runs.run import Usage
from domain.users.limits import DEFAULT_PLANS, OwnLimits
from domain.users.plan import Plan
from entrypoints.plans import read_plans, read_prices
from entrypoints.settings import SettingsError, read_settings


def test_without_settings_the_plans_are_as_promised() -> None:
    plans = read_plans({})
    asked = [(one.requests_per_minute, one.requests_per_day, one.concurrent_streams) for one in plans.values()]
    assert asked[:3] == [(20, 1_000, 2), (100, 100_000, 10), (500, 1_000_000, 50)]


def test_settings_change_single_limits_of_single_plans() -> None:
    settings = read_settings({"ONELAST_PLAN_FREE_REQUESTS_PER_MINUTE": "7", "ONELAST_PLAN_PRO_MODELS": "small, large"})
    assert settings.plans[Plan.FREE].requests_per_minute == 7
    assert settings.plans[Plan.FREE].requests_per_day == DEFAULT_PLANS[Plan.FREE].requests_per_day
    assert [settings.plans[Plan.PRO].allows_model(name) for name in ("small", "large", "other")] == [True, True, False]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ONELAST_PLAN_FREE_REQUESTS", "7"), ("ONELAST_PLAN_GOLD_MODELS", "*"), ("ONELAST_PLAN_FREE_REQUESTS_PER_DAY", "many"),
        ("ONELAST_PLAN_FREE_REQUESTS_PER_DAY", "0"), ("ONELAST_PLAN_FREE_REQUESTS_PER_DAY", "1__0"),
        ("ONELAST_PLAN_FREE_MODELS", ","), ("ONELAST_PRICES", "small=1"),
        ("ONELAST_PRICES", "small=1/-1"), ("ONELAST_PRICES", "=1/1"), ("ONELAST_PRICES", "small=1/NaN"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=r"ONELAST_(PLAN|PRICES)"):
        read_settings({name: value})


def test_limits_of_ones_own_stand_over_the_plans() -> None:
    plan = DEFAULT_PLANS[Plan.FREE]
    assert OwnLimits().over(plan) is plan
    agreed = OwnLimits(requests_per_day=5, models=("small",)).over(plan)
    assert (agreed.requests_per_day, agreed.models, agreed.requests_per_minute) == (5, ("small",), plan.requests_per_minute)


def test_costs_are_exact_and_rounded_up_to_a_billionth() -> None:
    prices = read_prices(["small=0.15/0.60", "*=3/15"])
    assert prices.cost("small", Usage(1_000_000, 0)) == 150_000_000
    assert prices.cost("small", Usage(1, 1)) == 750
    assert prices.cost("another", Usage(1, 0)) == 3_000
    assert read_prices(["small=0.000001/0"]).cost("small", Usage(1, 0)) == 1
    assert PriceList({}).cost("small", Usage(10**9, 10**9)) == 0
