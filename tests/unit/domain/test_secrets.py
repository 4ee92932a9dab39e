"""Tokens and keys."""

import re
from base64 import urlsafe_b64decode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.secrets import ACCESS_PREFIX, API_KEY_PREFIX, REFRESH_PREFIX, derive_secret, fingerprint, make_secret

PREFIXES = st.sampled_from([ACCESS_PREFIX, REFRESH_PREFIX, API_KEY_PREFIX])
ENTROPY = st.binary(min_size=32, max_size=32)


@given(PREFIXES, ENTROPY)
def test_a_secret_holds_all_its_random_bits_in_characters_that_need_no_escape(prefix: str, entropy: bytes) -> None:
    secret = make_secret(prefix, entropy)
    assert re.fullmatch(r"ol[tra]_[A-Za-z0-9_-]{43}", secret)
    assert urlsafe_b64decode(secret.removeprefix(prefix) + "=") == entropy


@given(PREFIXES, ENTROPY)
def test_a_fingerprint_is_the_digest_of_the_whole_text(prefix: str, entropy: bytes) -> None:
    secret = make_secret(prefix, entropy)
    assert fingerprint(secret) == sha256(secret.encode("ascii")).digest()


@given(st.text(max_size=60), st.text(max_size=60))
def test_other_texts_have_other_fingerprints(one: str, other: str) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


SALTS = st.text(max_size=20)


@given(PREFIXES, ENTROPY, SALTS, PREFIXES, ENTROPY, SALTS)
def test_a_secret_that_is_derived_follows_from_seed_and_salt_and_from_nothing_less(
    prefix: str, seed: bytes, salt: str, other_prefix: str, other_seed: bytes, other_salt: str
) -> None:
    secret = derive_secret(prefix, seed, salt)
    assert re.fullmatch(prefix + r"[A-Za-z0-9_-]{43}", secret)
    same = (prefix, seed, salt) == (other_prefix, other_seed, other_salt)
    assert (secret[4:] == derive_secret(other_prefix, other_seed, other_salt)[4:]) == same


@pytest.mark.parametrize("length", [0, 31])
def test_nothing_is_derived_from_a_seed_that_could_be_guessed(length: int) -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        derive_secret(API_KEY_PREFIX, b"x" * length, "salt")


def test_the_prefixes_tell_the_kinds_apart() -> None:
    assert (ACCESS_PREFIX, REFRESH_PREFIX, API_KEY_PREFIX) == ("olt_", "olr_", "ola_")
