"""Providers to sign in with, as settings tell of them."""

import pytest

from entrypoints.settings import SettingsError, read_settings

GOOD = {
    "ONELAST_OIDC_ACME_ISSUER": "https://id.example.com", "ONELAST_OIDC_ACME_CLIENT_ID": "us",
    "ONELAST_OIDC_ACME_CLIENT_SECRET": "sesame",
}


def test_each_provider_has_its_name_and_the_usual_scopes() -> None:
    other = {
        "ONELAST_OIDC_MY_OWN_ISSUER": "http://127.0.0.1:9000/realm", "ONELAST_OIDC_MY_OWN_CLIENT_ID": "we",
        "ONELAST_OIDC_MY_OWN_CLIENT_SECRET": "secret", "ONELAST_OIDC_MY_OWN_SCOPES": "openid, email",
    }
    acme, own = read_settings(GOOD | other).oidc_providers
    assert (acme.name, acme.issuer, acme.scopes) == ("acme", "https://id.example.com", ("openid", "email", "profile"))
    assert (own.name, own.client_id, own.scopes) == ("my_own", "we", ("openid", "email"))
    assert read_settings({}).oidc_providers == ()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"ONELAST_OIDC_ACME_ISSUER": "http://id.example.com"}, "ONELAST_OIDC_ACME_ISSUER must be an https:// address"),
        ({"ONELAST_OIDC_ACME_ISSUER": "https://id.example.com?x=1"}, "ONELAST_OIDC_ACME_ISSUER"),
        ({"ONELAST_OIDC_ACME_ISSUER": "https://"}, "ONELAST_OIDC_ACME_ISSUER"),
        ({"ONELAST_OIDC_ACME_ISSUER": "https://user:pass@id.example.com"}, "ONELAST_OIDC_ACME_ISSUER"),
        ({"ONELAST_OIDC_ACME_ISSUER": "https://[::1"}, "ONELAST_OIDC_ACME_ISSUER"),
        ({"ONELAST_OIDC_ACME_CLIENT_SECRET": ""}, "ONELAST_OIDC_ACME_CLIENT_SECRET is not set"),
        ({"ONELAST_OIDC_ACME_SCOPES": "email"}, "ONELAST_OIDC_ACME_SCOPES must have openid"),
        ({"ONELAST_OIDC_ACME_COLOUR": "red"}, "ONELAST_OIDC_ACME_COLOUR is not a setting"),
        ({"ONELAST_OIDC_ISSUER": "https://id.example.com"}, "ONELAST_OIDC_ISSUER is not a setting"),
        ({"ONELAST_OIDC_9_ISSUER": "https://id.example.com"}, "ONELAST_OIDC_9_ISSUER is not a setting"),
    ],
)
def test_what_is_wrong_is_named_and_no_secret_is_told(change: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint) as wrong:
        read_settings(GOOD | change)
    assert "sesame" not in str(wrong.value)
