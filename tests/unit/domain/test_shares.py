import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sessions.share import ShareNotFound, parse_token, secret_of_link, token_of_link
from domain.shared.identifiers import BUCKETS, ShareId, bucket_of, make_identifier

SEED = b"s" * 43


@given(st.integers(0, 2**48 - 1), st.integers(0, BUCKETS - 1), st.integers(0, 2**62 - 1))
def test_a_token_names_its_share_and_so_its_bucket(millis: int, bucket: int, entropy: int) -> None:
    share_id = ShareId(make_identifier("share", millis=millis, bucket=bucket, entropy=entropy))
    secret = secret_of_link(share_id, SEED)
    assert parse_token(token_of_link(share_id, secret)) == (share_id, secret)
    assert bucket_of(parse_token(token_of_link(share_id, secret))[0]) == bucket


def test_secrets_follow_from_the_seed_and_the_share_and_differ_with_either() -> None:
    one, other = (ShareId(make_identifier("share", millis=1, bucket=2, entropy=entropy)) for entropy in (1, 2))
    assert secret_of_link(one, SEED) == secret_of_link(one, SEED)
    assert len({secret_of_link(one, SEED), secret_of_link(other, SEED), secret_of_link(one, b"t" * 43)}) == 3
    assert len(secret_of_link(one, SEED)) == 43  # 256 bits


@given(st.text(max_size=80))
def test_other_text_is_no_token(text: str) -> None:
    try:
        share_id, secret = parse_token(text)
    except ShareNotFound:
        return
    assert token_of_link(share_id, secret) == text


@pytest.mark.parametrize("text", ["", "share_", "0" * 26, "8" * 69])
def test_text_without_an_identifier_in_front_is_no_token(text: str) -> None:
    with pytest.raises(ShareNotFound):
        parse_token(text)
