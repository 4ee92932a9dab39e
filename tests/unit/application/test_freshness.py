"""How new a reading has to be, as callers write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.freshness import MOST_PENDING, MalformedPosition, Position, Tolerance, freshness_from
from domain.shared.identifiers import BUCKETS, RunId, make_identifier

runs = st.builds(
    make_identifier, st.just("run"), millis=st.integers(0, 2**40), bucket=st.integers(0, BUCKETS - 1),
    entropy=st.integers(0, 2**62),
).map(RunId)
positions = st.builds(
    Position, st.integers(0, 2**31), st.integers(0, 4095), st.integers(0, 2**63),
    st.lists(runs, max_size=MOST_PENDING).map(tuple),
)


@given(positions)
def test_a_position_is_read_as_it_was_written(position: Position) -> None:
    assert freshness_from(str(position), param="x-position") == position


@pytest.mark.parametrize("tolerance", list(Tolerance))
def test_a_tolerance_is_written_in_a_word(tolerance: Tolerance) -> None:
    assert freshness_from(tolerance.value, param="x-position") is tolerance


@pytest.mark.parametrize(
    "text",
    [
        "", "FRESH", "1", "1.2", "1.2.x", "1.2.3.", "1.2.3.run_short", "-1.2.3", "1.2.3.4", "1.2.3\n", "1" * 9 + ".2.3",
        "1.2." + "f" * 17,
    ],
)
def test_anything_else_is_refused_by_the_name_of_its_place(text: str) -> None:
    with pytest.raises(MalformedPosition, match="x-position") as refusal:
        freshness_from(text, param="x-position")
    assert refusal.value.param == "x-position"


def test_more_pending_runs_than_are_kept_are_no_position() -> None:
    pending = tuple(
        RunId(make_identifier("run", millis=1, bucket=1, entropy=number)) for number in range(MOST_PENDING + 1)
    )
    with pytest.raises(MalformedPosition):
        freshness_from(str(Position(1, 0, 0, pending)), param="x-position")
