"""Rules that several areas apply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.errors import Invalid
from domain.shared.rules import bounded_metadata, bounded_text

BOUNDS = st.integers(0, 10).flatmap(lambda shortest: st.tuples(st.just(shortest), st.integers(shortest, 20)))


@given(st.text(max_size=30), BOUNDS)
def test_a_text_is_stripped_and_then_lies_within_its_bounds_or_is_refused(text: str, bounds: tuple[int, int]) -> None:
    shortest, longest = bounds
    wanted = text.strip()
    if shortest <= len(wanted) <= longest and "\0" not in wanted:
        assert bounded_text(text, param="name", shortest=shortest, longest=longest) == wanted
    else:
        with pytest.raises(Invalid) as refused:
            bounded_text(text, param="name", shortest=shortest, longest=longest)
        assert refused.value.param == "name"


def test_length_is_counted_in_characters() -> None:
    assert bounded_text("🐙" * 5, param="name", longest=5) == "🐙" * 5


def test_the_character_that_no_database_keeps_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match=r"'title' must not contain the character U\+0000"):
        bounded_text("a\0b", param="title", longest=10)


@pytest.mark.parametrize("metadata", [
    {}, {"k": ""}, {"k" * 64: "v" * 512}, {str(number): "v" for number in range(16)}, {"Größe": "🐙"},
])
def test_metadata_within_the_bounds_are_kept_as_they_are(metadata: dict[str, str]) -> None:
    assert bounded_metadata(metadata) == metadata


@pytest.mark.parametrize("metadata", [
    {"": "v"}, {"k" * 65: "v"}, {"k": "v" * 513}, {str(number): "v" for number in range(17)}, {"k\0": "v"}, {"k": "\0"},
])
def test_metadata_beyond_the_bounds_are_refused_by_name(metadata: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="'metadata'") as refused:
        bounded_metadata(metadata)
    assert refused.value.param == "metadata"


def test_kept_metadata_do_not_change_with_what_the_caller_holds() -> None:
    given_by_caller = {"shelf": "physics"}
    kept = bounded_metadata(given_by_caller)
    given_by_caller["shelf"] = "x" * 1_000
    assert kept == {"shelf": "physics"}
