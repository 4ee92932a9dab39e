"""What a user may send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sessions.message import TEXT_LONGEST, Content, TextPart, check_content, text_of
from domain.shared.errors import Invalid


def parts(*texts: str) -> Content:
    return tuple(TextPart(text) for text in texts)


@given(st.lists(st.text(max_size=20), max_size=6))
def test_the_text_of_a_message_is_that_of_its_parts_in_order(texts: list[str]) -> None:
    assert text_of(parts(*texts)) == "".join(texts)


@pytest.mark.parametrize("content", [
    parts("x"), parts("  x\n"), parts("", "x", ""), parts("x" * TEXT_LONGEST), parts("🐙" * TEXT_LONGEST), parts(*"x" * 64),
], ids=range(6))
def test_text_within_the_bounds_is_kept_as_it_was_sent(content: Content) -> None:
    assert check_content(content) == content


@pytest.mark.parametrize("content", [
    (), parts(""), parts(" \n\t"), parts("", " "), parts("x" * (TEXT_LONGEST + 1)), parts("x" * TEXT_LONGEST, "x"),
    parts(*"x" * 65), parts("a\0b"), parts("a", "\0"),
], ids=range(9))
def test_anything_else_is_refused_by_name(content: Content) -> None:
    with pytest.raises(Invalid, match="'content'") as refused:
        check_content(content)
    assert refused.value.param == "content"
