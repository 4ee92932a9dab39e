"""The straight line through the drill's losses."""

import pytest

from bench.drill.loss import Loss
from bench.drill.report import Line, table


def loss(size: float, seconds: float) -> Loss:
    return Loss(1_000, int(size), int(size / 3), 500, 20, 0.5, seconds)


def test_points_on_a_line_are_met_exactly() -> None:
    line = Line.through([(0, 2.0), (1e9, 10.0), (2e9, 18.0)])
    assert (line.fixed, line.at(1e11), line.fit) == (pytest.approx(2), pytest.approx(802), pytest.approx(1))


def test_points_beside_the_line_lower_its_fit() -> None:
    assert Line.through([(0, 2.0), (1e9, 12.0), (2e9, 18.0)]).fit < 0.99


def test_the_hour_is_judged_for_each_larger_size() -> None:
    told = table([loss(0, 2), loss(1e9, 10)])
    assert "100 GB: 13 min, within the hour" in told
    assert "1 TB: 133 min, NOT within the hour" in told


def test_nothing_is_foreseen_from_times_that_do_not_grow() -> None:
    assert "too small" in table([loss(1e6, 5), loss(1e9, 4)])
    assert "hour" not in table([loss(1e9, 4)])
