"""Signing in at a provider of OpenID Connect, at a node that serves."""

from collections.abc import AsyncIterator
from itertools import count
from urllib.parse import parse_qsl, urlsplit

import asyncpg
import pytest

from tests.integration.cli.conftest import Environment
from tests.integration.cli.nodes import Node, serving
from tests.support.api import Caller, error_of, new_email
from tests.support.oidc_provider import Browser, free_port, know, new_browser, running_provider, with_query

_numbers = count(1)


def settings_of(name: str, issuer: str) -> Environment:
    prefix = f"ONELAST_OIDC_{name.upper()}_"
    return {f"{prefix}ISSUER": issuer, f"{prefix}CLIENT_ID": "our-client", f"{prefix}CLIENT_SECRET": "our-secret"}


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[str]:
    async with running_provider() as running:
        yield running


@pytest.fixture(scope="module")
def moody_port() -> int:
    """Where a provider listens that comes and goes."""
    return free_port()


@pytest.fixture(scope="module")
async def node(deployment: Environment, issuer: str, moody_port: int) -> AsyncIterator[Node]:
    providers = settings_of("acme", issuer) | settings_of("moody", f"http://127.0.0.1:{moody_port}")
    async with serving(deployment | providers | settings_of("gone", "http://127.0.0.1:1")) as running:
        yield running


@pytest.fixture
async def browser(node: Node) -> AsyncIterator[Browser]:
    async with new_browser(node.url) as opened:
        yield opened


@pytest.fixture
async def database(deployment: Environment) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(deployment["ONELAST_CATALOG_DSN"])
    yield connection
    await connection.close()


async def somebody(issuer: str, **claims: object) -> tuple[str, str]:
    """Return the subject and the address of somebody whom the provider knows."""
    subject, email = f"person-{next(_numbers)}", new_email()
    await know(issuer, subject, email=email, email_verified=True, name="Ada Lovelace", **claims)
    return subject, email


async def test_who_signs_in_for_the_first_time_gets_an_account_and_the_next_time_the_same(
    browser: Browser, issuer: str, node: Node, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    subject, email = await somebody(issuer)
    back = await browser.consent(await browser.begin(return_to="/chats?new=1"), subject)
    answer = await browser.come_back(back)
    assert (answer.status_code, answer.headers["location"]) == (302, "/chats?new=1")
    profile = await browser.profile()
    assert (profile["email"], profile["name"], profile["role"]) == (email, "Ada Lovelace", "user")
    row = await database.fetchrow("SELECT * FROM catalog.users WHERE id = $1", profile["id"])
    assert row is not None
    assert row["password_hash"] is None
    assert row["email_verified_at"] is not None
    noted = await database.fetch("SELECT action FROM catalog.audit_log WHERE user_id = $1 ORDER BY id", profile["id"])
    assert {"registered", "identity_linked", "signed_in"} <= {one["action"] for one in noted}
    error_of(await node.api.http.post("/v1/auth/login", json={"email": email, "password": "correct horse battery"}), 401)
    async with new_browser(node.url) as other:
        await other.sign_in(subject)
        assert (await other.profile())["id"] == profile["id"]


async def test_the_cookies_are_for_this_browser_and_the_ticket_is_gone_in_the_end(browser: Browser, issuer: str) -> None:
    subject, _ = await somebody(issuer)
    begun = await browser.http.get("/v1/auth/oidc/acme")
    (ticket,) = begun.headers.get_list("set-cookie")
    for part in ("ola_oidc_acme=", "HttpOnly", "Max-Age=600", "Path=/v1/auth/oidc/acme/callback", "SameSite=lax"):
        assert part in ticket
    assert "our-secret" not in ticket + begun.headers["location"]
    answer = await browser.come_back(await browser.consent(begun.headers["location"], subject))
    set_cookies = {cookie.split("=")[0]: cookie for cookie in answer.headers.get_list("set-cookie")}
    assert set(set_cookies) == {"ola_session", "ola_csrf", "ola_oidc_acme"}
    assert "Max-Age=0" in set_cookies["ola_oidc_acme"]
    assert "HttpOnly" in set_cookies["ola_session"]
    assert "no-store" in answer.headers["cache-control"]


async def test_a_program_gets_the_tokens_as_json(browser: Browser, issuer: str) -> None:
    subject, email = await somebody(issuer)
    answer = await browser.sign_in(subject, accept="application/json")
    tokens = answer.json()
    assert (answer.status_code, tokens["token_type"], tokens["expires_in"]) == (200, "bearer", 3600)
    browser.http.cookies.clear()
    profile = await browser.http.get("/v1/users/me", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert profile.json()["email"] == email
    renewed = await browser.http.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert renewed.status_code == 200


async def test_the_providers_are_listed(browser: Browser) -> None:
    listed = (await browser.http.get("/v1/auth/oidc")).json()
    assert [(one["id"], one["url"]) for one in listed["data"]] == [
        (name, f"/v1/auth/oidc/{name}") for name in ("acme", "gone", "moody")
    ]
    assert error_of(await browser.http.get("/v1/auth/oidc/nobody"), 404)["code"] == "provider_not_found"
    error_of(await browser.http.get("/v1/auth/oidc/nobody/callback?code=x&state=y"), 404)


@pytest.mark.parametrize(
    "place",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "chats", "javascript:alert(1)", "/a\nb", "", "/" + "x" * 1000],
)
async def test_the_way_back_leads_to_this_site_alone(browser: Browser, place: str) -> None:
    refused = await browser.http.get("/v1/auth/oidc/acme", params={"return_to": place})
    assert error_of(refused, 422)["param"] == "return_to"
    assert "set-cookie" not in refused.headers


async def test_an_account_with_the_address_is_opened_only_where_both_sides_have_proven_it(
    browser: Browser, issuer: str, node: Node, database: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    owner = await node.api.sign_up()
    await know(issuer, f"owner-{owner.email}", email=owner.email, email_verified=True)
    await know(issuer, f"other-{owner.email}", email=owner.email, email_verified=False)
    refused = await browser.sign_in(f"owner-{owner.email}")
    assert error_of(refused, 409)["code"] == "identity_not_linked"
    assert refused.headers["x-should-retry"] == "false"
    await database.execute("UPDATE catalog.users SET email_verified_at = now() WHERE id = $1", owner.user["id"])
    assert error_of(await browser.sign_in(f"other-{owner.email}"), 409)["code"] == "identity_not_linked"
    assert (await browser.http.get("/v1/users/me")).status_code == 401
    assert (await browser.sign_in(f"owner-{owner.email}")).status_code == 302
    assert (await browser.profile())["id"] == owner.user["id"]


async def link(browser: Browser, caller: Caller, subject: str) -> int:
    """Link who signs in as `subject` to the caller's account; return the status."""
    headers = {"authorization": f"Bearer {caller.token}"}
    answer = await browser.http.post("/v1/auth/oidc/acme/link", json={"return_to": "/settings"}, headers=headers)
    assert answer.status_code == 200, answer.text
    back = await browser.come_back(await browser.consent(answer.json()["url"], subject))
    assert back.headers.get("location") in {"/settings", None}
    return back.status_code


async def test_who_is_signed_in_links_a_provider_and_then_comes_in_by_it(browser: Browser, issuer: str, node: Node) -> None:
    owner, other = await node.api.sign_up(), await node.api.sign_up()
    subject = f"linked-{owner.email}"
    await know(issuer, subject, email="elsewhere@example.org")
    assert await link(browser, owner, subject) == 302
    assert "ola_session" not in browser.http.cookies
    assert await link(browser, owner, subject) == 302
    assert await link(browser, other, subject) == 409
    await browser.sign_in(subject)
    assert (await browser.profile())["id"] == owner.user["id"]


async def test_linking_needs_a_sign_in_and_from_a_browser_its_csrf_header(browser: Browser, issuer: str) -> None:
    error_of(await browser.http.post("/v1/auth/oidc/acme/link", json={}), 401)
    await browser.sign_in((await somebody(issuer))[0])
    assert error_of(await browser.http.post("/v1/auth/oidc/acme/link", json={}), 403)["code"] == "csrf_failed"


async def test_an_api_key_links_no_provider_that_would_open_more_than_the_key(browser: Browser, node: Node) -> None:
    owner = await node.api.sign_up()
    for scopes in (["account"], None):
        key = (await owner.post("/v1/api-keys", {"name": "laptop", "scopes": scopes})).json()["key"]
        refused = await browser.http.post("/v1/auth/oidc/acme/link", json={}, headers={"authorization": f"Bearer {key}"})
        assert error_of(refused, 403)["code"] == "sign_in_needed"
        assert "set-cookie" not in refused.headers


async def test_a_link_is_made_only_while_the_sign_in_lasts_that_asked_for_it(
    browser: Browser, issuer: str, node: Node
) -> None:
    owner = await node.api.sign_up()
    await know(issuer, f"intruder-{owner.email}", email="intruder@example.org")
    headers = {"authorization": f"Bearer {owner.token}"}
    begun = await browser.http.post("/v1/auth/oidc/acme/link", json={}, headers=headers)
    assert (await owner.request("DELETE", "/v1/auth/sessions")).status_code == 200
    back = await browser.consent(begun.json()["url"], f"intruder-{owner.email}")
    assert error_of(await browser.come_back(back), 401)["code"] == "sign_in_refused"
    await browser.sign_in(f"intruder-{owner.email}")
    assert (await browser.profile())["id"] != owner.user["id"]


async def test_a_sign_in_tells_where_it_comes_from(browser: Browser, issuer: str) -> None:
    await browser.sign_in((await somebody(issuer))[0], **{"user-agent": "Lynx/2.9"})
    (one,) = (await browser.http.get("/v1/auth/sessions")).json()["data"]
    assert (one["address"], one["device"]) == ("127.0.0.1", "Lynx/2.9")


async def test_the_provider_sends_browsers_back_to_the_public_address(deployment: Environment, issuer: str) -> None:
    public = {"ONELAST_PUBLIC_URL": "https://chat.example.com/"}
    async with serving(deployment | settings_of("acme", issuer) | public) as node, new_browser(node.url) as browser:
        begun = await browser.http.get("/v1/auth/oidc/acme", headers={"host": "evil.example"})
        query = dict(parse_qsl(urlsplit(begun.headers["location"]).query))
        assert query["redirect_uri"] == "https://chat.example.com/v1/auth/oidc/acme/callback"
        assert "Secure" in begun.headers["set-cookie"]


async def test_an_answer_that_this_browser_did_not_ask_for_signs_nobody_in(browser: Browser, issuer: str, node: Node) -> None:
    subject, email = await somebody(issuer)
    back = await browser.consent(await browser.begin(), subject)
    async with new_browser(node.url) as other:
        assert error_of(await other.come_back(back), 401)["code"] == "sign_in_refused"
        await other.begin()
        assert error_of(await other.come_back(back), 401)["param"] == "state"
        assert (await other.http.get("/v1/users/me")).status_code == 401
    for changed in ("another", "", None):
        assert error_of(await browser.come_back(with_query(back, state=changed)), 401)["param"] == "state"
    ticket = browser.http.cookies["ola_oidc_acme"]
    for forged in (ticket[:-4] + "AAA=", "x" + ticket, ticket.partition(".")[0], "nonsense", "a.b"):
        browser.http.cookies.clear()
        refused = await browser.come_back(back, cookie=f"ola_oidc_acme={forged}")
        assert error_of(refused, 401)["code"] == "sign_in_refused"
    moody = await browser.come_back(back.replace("/acme/", "/moody/"), cookie=f"ola_oidc_moody={ticket}")
    assert error_of(moody, 401)["code"] == "sign_in_refused"
    good = await browser.come_back(back, cookie=f"ola_oidc_acme={ticket}")
    assert (good.status_code, (await browser.profile())["email"]) == (302, email)


async def test_an_id_token_for_another_question_is_refused(browser: Browser, issuer: str) -> None:
    subject, _ = await somebody(issuer)
    for nonce in ("another", None):
        back = await browser.consent(with_query(await browser.begin(), nonce=nonce), subject)
        assert error_of(await browser.come_back(back), 401)["param"] == "id_token"
    assert (await browser.http.get("/v1/users/me")).status_code == 401


async def test_a_code_is_good_once_and_for_our_client_alone(browser: Browser, issuer: str) -> None:
    subject, _ = await somebody(issuer)
    back = await browser.consent(await browser.begin(), subject)
    ticket = {"cookie": f"ola_oidc_acme={browser.http.cookies['ola_oidc_acme']}"}
    assert (await browser.come_back(back)).status_code == 302
    browser.http.cookies.clear()
    assert error_of(await browser.come_back(back, **ticket), 401)["param"] == "code"
    foreign = await browser.consent(with_query(await browser.begin(), client_id="another"), subject)
    assert error_of(await browser.come_back(foreign), 401)["param"] == "code"
    assert error_of(await browser.come_back(with_query(foreign, code="invented")), 401)["param"] == "code"


async def test_who_refuses_at_the_provider_is_told_so(browser: Browser, issuer: str) -> None:
    begun = await browser.begin()
    back = await browser.consent(begun, "", action="deny")
    if "state=" not in back:  # this provider leaves it out where others send it
        back = with_query(back, state=with_query(begun).split("state=")[1].split("&")[0])
    assert error_of(await browser.come_back(back), 401)["param"] == "error"


async def test_a_provider_without_an_address_of_its_users_opens_no_account(browser: Browser, issuer: str) -> None:
    await know(issuer, "nameless", name="Nobody")
    assert error_of(await browser.sign_in("nameless"), 401)["param"] == "email"


async def test_a_provider_that_is_away_is_a_503_and_with_new_keys_it_is_believed_again(node: Node, moody_port: int) -> None:
    async with new_browser(node.url, "gone") as browser:
        assert (await browser.http.get("/v1/auth/oidc/gone")).headers["retry-after"] == "1"
        assert error_of(await browser.http.get("/v1/auth/oidc/gone"), 503)["code"] == "overloaded"
    async with new_browser(node.url, "moody") as browser:
        async with running_provider(moody_port) as issuer:
            subject, _ = await somebody(issuer)
            assert (await browser.sign_in(subject)).status_code == 302
            first = await browser.profile()
            back = await browser.consent(await browser.begin(), subject)
        error_of(await browser.come_back(back), 503)
        async with running_provider(moody_port) as issuer:
            await know(issuer, subject, email="changed@example.org", email_verified=True)
            browser.http.cookies.clear()
            assert (await browser.sign_in(subject)).status_code == 302
            assert await browser.profile() == first


async def test_who_comes_back_with_nothing_good_again_and_again_is_slowed_down(deployment: Environment, issuer: str) -> None:
    proxied = {"ONELAST_TRUSTED_PROXIES": "127.0.0.1"}
    async with serving(deployment | settings_of("acme", issuer) | proxied) as node:
        guesser, other = {"x-forwarded-for": "198.51.100.77"}, {"x-forwarded-for": "198.51.100.78"}
        wrong = "/v1/auth/oidc/acme/callback?code=x&state=y"
        statuses = [(await node.api.http.get(wrong, headers=guesser)).status_code for _ in range(52)]
        assert statuses == [401] * 50 + [429] * 2
        error_of(await node.api.http.get("/v1/auth/oidc/acme", headers=guesser), 429)
        assert (await node.api.http.get("/v1/auth/oidc/acme", headers=other)).status_code == 302
