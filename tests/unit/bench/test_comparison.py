"""What counts as a change since the baseline, and what is noise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.comparison import LEAST_CHANGE, Figure, compare


def figure(*values: float) -> Figure:
    found = Figure.of(values)
    assert found is not None
    return found


def test_a_figure_is_the_median_of_its_rounds_and_one_round_gone_wrong_moves_neither_it_nor_its_spread() -> None:
    good, disturbed = figure(10, 11, 9, 10, 10), figure(10, 11, 9, 10, 500)

    assert (disturbed.value, disturbed.rounds) == (10, 5)
    assert disturbed.spread == pytest.approx(0.148, abs=0.001)
    assert good.value == disturbed.value


def test_no_rounds_are_no_figure() -> None:
    assert Figure.of([]) is None


@pytest.mark.parametrize(("better", "verdict"), [("lower", "worse"), ("higher", "better")])
def test_a_fifth_more_is_a_change_where_rounds_agree_and_which_way_depends_on_the_metric(better: str, verdict: str) -> None:
    change = compare(figure(120, 121, 119, 120.5, 119.5), figure(100, 101, 99, 100.5, 99.5), better)  # type: ignore[arg-type]

    assert change.verdict == verdict
    assert change.by == pytest.approx(0.2)
    assert change.noise == LEAST_CHANGE


def test_a_fifth_more_is_no_change_where_rounds_differ_by_a_third() -> None:
    change = compare(figure(84, 156, 120, 102, 138), figure(70, 130, 100, 85, 115), "lower")

    assert change.verdict == "same"
    assert change.noise > 0.2


def test_what_is_noise_in_one_run_is_noise_in_the_comparison_whichever_run_it_is() -> None:
    steady, noisy = figure(120, 121, 119, 120.5, 119.5), figure(70, 130, 100, 85, 115)

    assert compare(steady, noisy, "lower").verdict == compare(noisy, steady, "lower").verdict == "same"


def test_few_rounds_that_happen_to_agree_prove_less_than_many() -> None:
    few, many = (93, 100, 107), (93, 100, 107, 93, 100, 107, 93, 100, 107)

    assert compare(figure(*few), figure(*few), "lower").noise > 2 * compare(figure(*many), figure(*many), "lower").noise


def test_less_than_the_least_change_is_the_same_however_well_rounds_agree() -> None:
    assert compare(figure(104, 104, 104), figure(100, 100, 100), "lower").verdict == "same"
    assert compare(figure(106, 106, 106), figure(100, 100, 100), "lower").verdict == "worse"


def test_a_single_round_tells_nothing_of_its_noise_and_no_change_is_claimed() -> None:
    assert compare(figure(200), figure(100, 100, 100), "lower").verdict == "unknown"


def test_a_baseline_of_nothing_can_be_exceeded_by_no_factor() -> None:
    assert compare(figure(0, 0, 0), figure(0, 0, 0), "lower").verdict == "same"
    assert compare(figure(1, 1, 1), figure(0, 0, 0), "lower").verdict == "unknown"


def test_a_difference_below_nothing_is_compared_with_nothing() -> None:
    assert compare(figure(1, 1, 1), figure(-1, -1, -1), "lower").verdict == "unknown"
    assert compare(figure(-1, -1, -1), figure(1, 1, 1), "lower").verdict == "unknown"


@given(st.lists(st.floats(1, 1_000), min_size=2, max_size=9))
def test_a_run_is_never_changed_beside_itself(values: list[float]) -> None:
    assert compare(figure(*values), figure(*values), "lower").verdict == "same"


@given(st.lists(st.floats(1, 1_000), min_size=2, max_size=9), st.floats(0.001, 1_000))
def test_the_unit_of_a_figure_does_not_matter(values: list[float], unit: float) -> None:
    scaled = figure(*(value * unit for value in values))

    assert scaled.spread == pytest.approx(figure(*values).spread)
    assert scaled.doubt == pytest.approx(figure(*values).doubt)
