"""Encrypted objects: what was changed in any way is found, and nothing of it is believed."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.blobs.cipher import CHUNK_BYTES, HEADER_BYTES, TAG_BYTES, new_key, read_key
from adapters.blobs.sealing import Opener, Sealer
from domain.backups.problems import ObjectDamaged, WrongKey

KEY = bytes(range(32))
NAME = "7/base/noon/data"
# It cannot be compressed, so that it fills three chunks and a bit.
LONG = os.urandom(3 * CHUNK_BYTES + 1_000)
SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES


def sealed(content: bytes, *, key: bytes = KEY, name: str = NAME, piece: int = 1 << 16) -> bytes:
    sealer = Sealer(key, name)
    pieces = [sealer.update(content[start:start + piece]) for start in range(0, len(content), piece)]
    return b"".join([*pieces, sealer.finish()])


def opened(stored: bytes, *, key: bytes = KEY, name: str = NAME, piece: int = 1 << 16) -> bytes:
    opener = Opener(key, name)
    plain = [b"".join(opener.update(stored[start:start + piece])) for start in range(0, len(stored), piece)]
    return b"".join([*plain, *opener.finish()])


STORED = sealed(LONG)


@given(st.binary(max_size=2_000), st.integers(1, 500), st.integers(1, 500))
def test_what_was_sealed_is_opened_whatever_the_pieces(content: bytes, piece: int, other: int) -> None:
    assert opened(sealed(content, piece=piece), piece=other) == content


def test_many_chunks_are_opened_as_one() -> None:
    assert len(STORED) > 3 * CHUNK_BYTES
    assert opened(STORED) == LONG


@given(st.integers(0, len(STORED) - 1), st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_one_changed_byte_is_found_wherever_it_is(place: int, change: int) -> None:
    hurt = STORED[:place] + bytes([STORED[place] ^ change]) + STORED[place + 1:]
    with pytest.raises((ObjectDamaged, WrongKey), match=NAME):
        opened(hurt)


@given(st.integers(0, len(STORED) - 1) | st.sampled_from([HEADER_BYTES + count * SEALED_CHUNK for count in range(4)]))
@settings(max_examples=60, deadline=None)
def test_an_object_that_was_cut_is_found_even_between_two_chunks(length: int) -> None:
    with pytest.raises(ObjectDamaged, match=r"cut short|does not begin"):
        opened(STORED[:length])


def test_chunks_in_another_order_are_found() -> None:
    first, second = (STORED[HEADER_BYTES + at * SEALED_CHUNK:][:SEALED_CHUNK] for at in (0, 1))
    with pytest.raises(ObjectDamaged, match="changed in its chunk 1"):
        opened(STORED[:HEADER_BYTES] + second + first + STORED[HEADER_BYTES + 2 * SEALED_CHUNK:])


def test_an_object_under_the_name_of_another_is_found() -> None:
    with pytest.raises(ObjectDamaged, match="7/base/midnight/data"):
        opened(sealed(b"content"), name="7/base/midnight/data")


def test_another_key_is_told_from_damage() -> None:
    with pytest.raises(WrongKey, match="another key"):
        opened(sealed(b"content"), key=bytes(32))


def test_the_same_content_is_never_stored_as_the_same_bytes() -> None:
    assert sealed(b"content")[HEADER_BYTES:] != sealed(b"content")[HEADER_BYTES:]


def test_what_shrinks_to_little_comes_back_in_pieces_of_bounded_size() -> None:
    opener = Opener(KEY, NAME)
    pieces = [*opener.update(sealed(bytes(100 << 20))), *opener.finish()]
    assert sum(map(len, pieces)) == 100 << 20
    assert max(map(len, pieces)) <= 8 << 20


def test_a_new_key_is_one_and_no_other_text_is() -> None:
    assert len(read_key(new_key() + "\n")) == 32
    assert new_key() != new_key()
    for text in ("", "hunter2", new_key()[:-8], new_key() + "AAAA"):
        with pytest.raises(ValueError, match="32 bytes in base64"):
            read_key(text)
