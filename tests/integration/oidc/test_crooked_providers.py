"""What a provider says is believed only as far as OpenID Connect allows."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from joserfc.jwk import RSAKey
from msgspec import json

from adapters.oidc.provider import OidcClient, OidcProvider
from domain.shared.errors import Unavailable
from domain.users.identity import Claims, SignInRefused
from tests.integration.oidc.crooked import ATTEMPT, SECRET, CrookedProvider, crooked

Pair = tuple[CrookedProvider, OidcProvider]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with crooked() as running:
        yield running


async def refusal(ours: OidcProvider) -> SignInRefused:
    with pytest.raises(SignInRefused) as refused:
        await ours.redeem("code", ATTEMPT)
    return refused.value


async def test_an_honest_one_is_believed(pair: Pair) -> None:
    provider, ours = pair
    query = {name: value for name, (value,) in parse_qs(urlsplit(await ours.address(ATTEMPT)).query).items()}
    challenge = query.pop("code_challenge")
    assert query == {
        "response_type": "code", "client_id": "us", "redirect_uri": ATTEMPT.redirect_uri, "scope": "openid email",
        "state": ATTEMPT.state, "nonce": ATTEMPT.nonce, "code_challenge_method": "S256",
    }
    assert ATTEMPT.verifier not in challenge
    assert await ours.redeem("code", ATTEMPT) == Claims(provider.issuer, "ada", "ada@example.org", True, "Ada")
    assert (provider.form["code"], provider.form["code_verifier"]) == ("code", ATTEMPT.verifier)
    assert "client_secret" not in provider.form


async def test_keys_and_metadata_are_asked_for_once(pair: Pair) -> None:
    provider, ours = pair
    for _ in range(3):
        await ours.redeem("code", ATTEMPT)
    assert [path for _, path in provider.asked].count("/keys") == 1
    assert [path for _, path in provider.asked].count("/.well-known/openid-configuration") == 1


async def test_a_client_may_have_to_send_its_secret_in_the_form(pair: Pair) -> None:
    provider, ours = pair
    provider.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    await ours.redeem("code", ATTEMPT)
    assert (provider.form["client_id"], provider.form["client_secret"]) == ("us", SECRET)


@pytest.mark.parametrize("kid", ["second", "first"])
async def test_a_new_key_is_fetched_once_under_another_name_or_the_same(pair: Pair, kid: str) -> None:
    provider, ours = pair
    await ours.redeem("code", ATTEMPT)
    provider.key = RSAKey.generate_key(2048, {"kid": kid})
    assert (await ours.redeem("code", ATTEMPT)).subject == "ada"
    assert [path for _, path in provider.asked].count("/keys") == 2


async def test_a_key_that_the_provider_does_not_know_signs_nothing(pair: Pair) -> None:
    provider, ours = pair
    provider.tokens["id_token"] = provider.signed()
    provider.key = RSAKey.generate_key(2048, {"kid": "first"})
    assert (await refusal(ours)).param == "id_token"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"}, {"aud": ["another", "third"]}, {"aud": None}, {"aud": ["us", "another"]},
        {"aud": ["us", "another"], "azp": "another"}, {"azp": "another"},
        {"iss": "https://elsewhere.example"}, {"iss": None}, {"iss": 7},
        {"exp": 1_000_000_000}, {"exp": None}, {"exp": "soon"}, {"iat": None}, {"iat": 9_000_000_000},
        {"nonce": "another"}, {"nonce": None}, {"nonce": ["nonce-of-the-attempt"]}, {"at_hash": "x"},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 256}, {"sub": "a\x00b"}, {"sub": {"a": 1}},
    ],
    ids=str,
)
async def test_a_claim_that_does_not_hold_signs_nobody_in(pair: Pair, claims: dict[str, Any]) -> None:
    provider, ours = pair
    provider.claims = {name: value for name, value in {**provider.claims, **claims}.items() if value is not None}
    assert (await refusal(ours)).param == "id_token"


def unsigned(claims: dict[str, Any]) -> str:
    parts = (json.encode({"alg": "none"}), json.encode(claims))
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


async def test_signatures_that_anybody_can_make_are_none(pair: Pair) -> None:
    provider, ours = pair
    provider.metadata["id_token_signing_alg_values_supported"] = ["RS256", "HS256", "none"]
    for token in (
        unsigned(provider.claims), provider.signed_with_a_secret(SECRET.encode()),
        provider.signed_with_a_secret(provider.key.as_pem(private=False)), "a.b.c", "", "not a token",
    ):
        provider.tokens["id_token"] = token
        assert (await refusal(ours)).param == "id_token"


@pytest.mark.parametrize("token", [None, 7, {}, []])
async def test_an_answer_without_an_id_token_is_refused(pair: Pair, token: object) -> None:
    provider, ours = pair
    provider.tokens["id_token"] = token
    await refusal(ours)


@pytest.mark.parametrize(
    ("said", "verified"), [(True, True), ("true", True), (False, False), ("yes", False), (1, False), (None, False)]
)
async def test_an_address_is_proven_where_the_provider_says_so_plainly(pair: Pair, said: object, verified: bool) -> None:
    provider, ours = pair
    provider.claims["email_verified"] = said
    assert (await ours.redeem("code", ATTEMPT)).email_verified is verified


async def test_what_the_id_token_does_not_tell_is_asked_for_and_is_of_the_same_person(pair: Pair) -> None:
    provider, ours = pair
    del provider.claims["email"], provider.claims["email_verified"]
    provider.userinfo = {"sub": "ada", "email": "info@example.org", "email_verified": False, "name": "Other"}
    claims = await ours.redeem("code", ATTEMPT)
    assert (claims.email, claims.email_verified, claims.name) == ("info@example.org", False, "Ada")
    provider.userinfo["sub"] = "eve"
    await refusal(ours)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("issuer", "https://elsewhere.example"), ("issuer", None), ("token_endpoint", "http://elsewhere.example/token"),
        ("jwks_uri", "file:///etc/passwd"), ("authorization_endpoint", None), ("token_endpoint", 7), ("jwks_uri", "http://[::1"),
    ],
)
async def test_a_document_that_is_not_its_own_or_leads_astray_is_not_used(pair: Pair, field: str, value: object) -> None:
    provider, ours = pair
    provider.metadata[field] = value
    for attempt in (ours.address(ATTEMPT), ours.redeem("code", ATTEMPT)):
        with pytest.raises(Unavailable):
            await attempt
    assert {path for _, path in provider.asked} == {"/.well-known/openid-configuration"}


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=500), web.Response(status=429), web.Response(text="<html>"), web.Response(text="[1]"),
        web.Response(body=b"\xff\xfe"), web.Response(body=b'{"a": "' + b"x" * (1 << 20) + b'"}'),
    ],
    ids=["500", "429", "html", "list", "bytes", "endless"],
)
async def test_a_provider_that_fails_is_away(pair: Pair, path: str, answer: web.Response) -> None:
    provider, ours = pair
    provider.answers[path] = answer
    with pytest.raises(Unavailable):
        await ours.redeem("code", ATTEMPT)
    del provider.answers[path]
    assert (await ours.redeem("code", ATTEMPT)).subject == "ada"


async def test_nothing_is_redirected_to_another_place(pair: Pair) -> None:
    provider, ours = pair
    away = web.Response(status=302, headers={"location": f"{provider.issuer}/astray"}, text="{}")
    for path, error in (("/.well-known/openid-configuration", Unavailable), ("/keys", Unavailable), ("/token", SignInRefused)):
        provider.answers[path] = away
        with pytest.raises(error):
            await ours.redeem("code", ATTEMPT)
        del provider.answers[path]
    assert "/astray" not in {path for _, path in provider.asked}


async def test_a_client_that_the_provider_does_not_know_is_the_operators_matter(pair: Pair) -> None:
    provider, ours = pair
    provider.answers["/token"] = web.Response(status=401, text='{"error": "invalid_client"}')
    with pytest.raises(Unavailable):
        await ours.redeem("code", ATTEMPT)


async def test_what_browsers_keep_is_signed_with_a_key_that_follows_from_the_secret_alone(pair: Pair) -> None:
    provider, ours = pair
    same = OidcProvider(OidcClient("acme", provider.issuer, "us", SECRET, ("openid",)))
    other = OidcProvider(OidcClient("acme", provider.issuer, "us", SECRET + "!", ("openid",)))
    assert ours.key == same.key != other.key
    assert len(ours.key) == 32
    assert SECRET.encode() not in ours.key
