"""Identifiers: TypeIDs that name their bucket and their time."""

import re
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.identifiers import (
    BUCKETS,
    MalformedIdentifier,
    bucket_of,
    make_identifier,
    millis_of,
    parse_identifier,
)

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
MILLIS = st.integers(0, 2**48 - 1)
BUCKET = st.integers(0, BUCKETS - 1)
ENTROPY = st.integers(0, 2**62 - 1)
GOOD = make_identifier("session", millis=1_767_323_045_678, bucket=1_234, entropy=2**61 + 5)
TAIL = GOOD.removeprefix("session_")


def number_of(identifier: str) -> int:
    """Return the 128 bits, as the TypeID specification says to read them."""
    value = 0
    for character in identifier[-26:]:
        value = value * 32 + ALPHABET.index(character)
    return value


def accepts(text: str) -> bool:
    try:
        return parse_identifier("session", text, param="id") == text
    except MalformedIdentifier:
        return False


@given(MILLIS, BUCKET, ENTROPY)
def test_an_identifier_is_a_typeid_over_a_uuid_of_version_8(millis: int, bucket: int, entropy: int) -> None:
    made = make_identifier("session", millis=millis, bucket=bucket, entropy=entropy)
    assert re.fullmatch(f"session_[0-7][{ALPHABET}]{{25}}", made)
    uuid = UUID(int=number_of(made))
    assert (uuid.version, uuid.variant) == (8, RFC_4122)
    assert (uuid.int >> 80, uuid.int & (2**62 - 1)) == (millis, entropy)


@given(MILLIS, BUCKET, st.integers())
def test_the_bucket_and_the_time_are_read_back_whatever_the_entropy(millis: int, bucket: int, entropy: int) -> None:
    made = make_identifier("run", millis=millis, bucket=bucket, entropy=entropy)
    assert (bucket_of(made), millis_of(made)) == (bucket, millis)


@pytest.mark.parametrize("entropy", [0, 2**62 - 1])
def test_every_bucket_is_read_back(entropy: int) -> None:
    made = [make_identifier("user", millis=2**48 - 1, bucket=bucket, entropy=entropy) for bucket in range(BUCKETS)]
    assert [bucket_of(identifier) for identifier in made] == list(range(BUCKETS))


def test_time_is_read_as_the_specifications_own_example_has_it() -> None:
    assert millis_of("prefix_01h455vb4pex5vsknk084sn02q") == 0x01890A5DAC96


@given(MILLIS, BUCKET, ENTROPY, MILLIS, BUCKET, ENTROPY)
def test_the_order_of_texts_is_the_order_of_times(
    first: int, bucket: int, entropy: int, second: int, other_bucket: int, other_entropy: int
) -> None:
    one = make_identifier("run", millis=first, bucket=bucket, entropy=entropy)
    other = make_identifier("run", millis=second, bucket=other_bucket, entropy=other_entropy)
    if first != second:
        assert (one < other) == (first < second)


@given(st.from_regex(r"[a-z]([a-z_]{0,20}[a-z])?", fullmatch=True), MILLIS, BUCKET, ENTROPY)
def test_what_was_made_is_accepted_under_its_prefix_alone(prefix: str, millis: int, bucket: int, entropy: int) -> None:
    made = make_identifier(prefix, millis=millis, bucket=bucket, entropy=entropy)
    assert parse_identifier(prefix, made, param="id") == made
    with pytest.raises(MalformedIdentifier):
        parse_identifier(prefix + "s", made, param="id")


@given(st.integers(0, 25), st.sampled_from(ALPHABET), MILLIS, BUCKET, ENTROPY)
def test_a_changed_character_is_accepted_only_where_it_makes_another_identifier(
    place: int, character: str, millis: int, bucket: int, entropy: int
) -> None:
    made = make_identifier("session", millis=millis, bucket=bucket, entropy=entropy)
    changed = made[: 8 + place] + character + made[9 + place :]
    value = number_of(changed)
    remade = make_identifier("session", millis=value >> 80, bucket=value >> 64 & (BUCKETS - 1), entropy=value)
    assert accepts(changed) == (remade == changed and value < 2**128)


@given(st.text(max_size=40) | st.text(ALPHABET, min_size=24, max_size=28).map("session_".__add__))
def test_any_other_text_is_refused_and_named(text: str) -> None:
    value = number_of(text) if re.fullmatch(f"session_[{ALPHABET}]{{26}}", text) else 0
    uuid = UUID(int=value % 2**128)
    if value >= 2**128 or (uuid.version, uuid.variant) != (8, RFC_4122):
        with pytest.raises(MalformedIdentifier) as refused:
            parse_identifier("session", text, param="after")
        assert (refused.value.param, refused.value.code) == ("after", "malformed_identifier")
        assert str(refused.value) == "'after' is not an identifier of the form session_…."


@pytest.mark.parametrize("text", [
    "", "_", "session", "session_", TAIL, f"_{TAIL}", f"Session_{TAIL}", f"run_{TAIL}", f"session{TAIL}",
    f"session_session_{TAIL}", GOOD[:-1], GOOD + "0", GOOD + "\n", " " + GOOD,
    GOOD.upper(), "session_" + TAIL.upper(), GOOD.replace("_", "-"),
    f"session_8{TAIL[1:]}", *(f"session_{TAIL[:-1]}{letter}" for letter in "ilouILOU-_ ٣é"),
    "session_01h455vb4pex5vsknk084sn02q",
], ids=repr)
def test_a_malformed_text_is_refused(text: str) -> None:
    assert accepts(GOOD)
    assert not accepts(text)
