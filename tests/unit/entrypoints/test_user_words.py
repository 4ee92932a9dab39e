"""Limits and budgets as an operator writes them."""

import pytest

from entrypoints.cli.user_words import WrongWord, budget_of, limits_of


def test_limits_are_numbers_names_of_models_or_none() -> None:
    assert limits_of(["requests_per_day=1_000", "models=small, large", "tokens_per_day=none"]) == {
        "requests_per_day": 1000, "models": ("small", "large"), "tokens_per_day": None
    }
    assert limits_of([]) == {}


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("wishes=3", "'wishes=3' is no limit"), ("requests_per_day", "'requests_per_day' is no limit"), ("=3", "is no limit"),
        ("requests_per_day=many", "requests_per_day must be a whole number"), ("requests_per_day=-1", "a whole number"),
        ("requests_per_day=", "a whole number"), ("requests_per_day=1__0", "a whole number"),
        ("requests_per_day=" + "9" * 5_000, "a whole number"),
    ],
)
def test_a_limit_that_cannot_be_read_is_named(word: str, complaint: str) -> None:
    with pytest.raises(WrongWord, match=complaint):
        limits_of([word])


def test_budgets_are_dollars_to_a_billionth_or_none() -> None:
    assert [budget_of(word) for word in ("12.5", "0", "0.000000001", "none")] == [12_500_000_000, 0, 1, None]
    for word in ("-1", "much", "NaN", "Infinity", "0.0000000001", "1e99", ""):
        with pytest.raises(WrongWord, match="--budget"):
            budget_of(word)
