import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.entity_tags import is_known

TAG = 'W/"a1"'
OPAQUE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"'), max_size=8)


@pytest.mark.parametrize(
    "sent",
    [
        'W/"a1"', '"a1"', "*", ' * ', '"x", "a1"', 'W/"x",W/"a1"', '"x" ,\t"a1" ', ', ,"a1"', '"a1",', '"x,y", "a1"',
        '"", "a1"', '"a1", "a1"',
    ],
)
def test_a_tag_among_those_sent_is_known_whatever_its_strength(sent: str) -> None:
    assert is_known(sent, TAG)


@pytest.mark.parametrize(
    "sent",
    [
        "", '"x"', '"A1"', "a1", 'w/"a1"', '"x, a1"', '"x,"a1",y"', '"a1', '"a1" "x"', '*, "a1"', '"a1"; "x"',
        '"a1", x', '"x\ny", "a1"',
    ],
)
def test_another_tag_and_a_list_that_cannot_be_read_are_not(sent: str) -> None:
    assert not is_known(sent, TAG)


def test_commas_and_stars_within_a_tag_are_its_own() -> None:
    assert is_known('"b", "a,1"', 'W/"a,1"')
    assert not is_known('"b", "a,1"', 'W/"a"')
    assert not is_known('"*"', TAG)


@given(st.lists(st.tuples(st.booleans(), OPAQUE), max_size=6), OPAQUE)
def test_a_tag_is_known_if_and_only_if_it_was_sent(sent: list[tuple[bool, str]], opaque: str) -> None:
    line = ", ".join(f'{"W/" if weak else ""}"{tag}"' for weak, tag in sent)
    assert is_known(line, f'W/"{opaque}"') is (opaque in [tag for _, tag in sent])
    assert is_known(f'{line}, "{opaque}"', f'W/"{opaque}"')


def test_a_long_list_of_nothing_is_read_through_once() -> None:
    assert not is_known(" " * 60_000 + "!", TAG)
    assert not is_known("," * 60_000, TAG)
