"""Keys and sign-ins."""

import pytest

from domain.shared.errors import Invalid
from domain.shared.identifiers import ApiKeyId
from domain.shared.secrets import fingerprint
from domain.users.credential import ApiKey, TokensRevoked
from tests.support.builders import LATER, NOW, new_fingerprint, new_sign_in, new_user_id

SECRET = "ola_0123456789abcdefWXYZ"


def issued(name: str) -> ApiKey:
    return ApiKey.issue(
        ApiKeyId("key_1"), new_user_id(), name=name, secret=SECRET, fingerprint=fingerprint(SECRET), now=NOW
    )


def test_of_a_key_only_its_fingerprint_and_last_four_characters_are_kept() -> None:
    key = issued(" laptop ")
    assert (key.name, key.fingerprint, key.hint, key.created_at) == ("laptop", fingerprint(SECRET), "WXYZ", NOW)
    assert SECRET not in repr(key)


@pytest.mark.parametrize("name", ["", " ", "x" * 101])
def test_a_key_needs_a_name(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        issued(name)
    assert refused.value.param == "name"


def test_a_rotation_replaces_both_tokens_and_names_the_access_token_that_is_no_longer_good() -> None:
    sign_in = new_sign_in(new_user_id())
    old, access, refresh = sign_in.access, new_fingerprint(), new_fingerprint()
    revoked = sign_in.rotate(access=access, access_expires_at=NOW, refresh=refresh, expires_at=LATER)
    assert revoked == TokensRevoked((old,))
    assert (sign_in.access, sign_in.access_expires_at) == (access, NOW)
    assert (sign_in.refresh, sign_in.expires_at) == (refresh, LATER)


def test_a_rotation_keeps_whose_the_sign_in_is_and_when_it_began() -> None:
    sign_in = new_sign_in(new_user_id())
    before = (sign_in.id, sign_in.user_id, sign_in.created_at, sign_in.version)
    sign_in.rotate(access=new_fingerprint(), access_expires_at=NOW, refresh=new_fingerprint(), expires_at=LATER)
    assert (sign_in.id, sign_in.user_id, sign_in.created_at, sign_in.version) == before
