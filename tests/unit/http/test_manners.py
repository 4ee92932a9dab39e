"""What answers tell browsers, and whose word is taken for where a request comes from."""

from collections.abc import AsyncIterator

import httpx
import pytest
from msgspec.structs import replace

from entrypoints.http.manners import Manners
from entrypoints.http.origin import TrustedProxies
from tests.support.api import PASSWORD, Api, Caller, error_of, new_email
from tests.support.application import Application, running_application
from tests.support.mailbox import client_at
from tests.support.memory import NOWHERE, Memory

APP = "https://app.example.com"
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization, x-stainless-os"}


@pytest.fixture(scope="module")
async def open_house() -> AsyncIterator[Application]:
    """A node behind a proxy, whose answers pages of another origin may read."""
    settings = replace(NOWHERE, cors_origins=(APP,), trusted_proxies=("10.0.0.0/8", "2001:db8::1"))
    async with running_application(settings, Memory()) as running:
        yield running


@pytest.fixture
def house(open_house: Application) -> Api:
    return open_house.api


async def test_every_answer_is_bare_to_browsers(api: Api) -> None:
    caller = await api.sign_up()
    session = await caller.session()
    answers = [
        await api.http.get("/livez"), await api.http.get("/v1/agents"), await api.http.get("/v1/nowhere"),
        await caller.get(f"/v1/sessions/{session}"), await caller.get("/v1/users/me"), await caller.say(session, stream=True),
        await api.http.post("/v1/auth/login", content=b"{", headers={"content-type": "application/json"}),
    ]
    for answer in answers:
        told = answer.headers
        assert told["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert (told["x-content-type-options"], told["x-frame-options"]) == ("nosniff", "DENY")
        assert (told["referrer-policy"], told["cross-origin-resource-policy"]) == ("no-referrer", "same-site")
        assert "strict-transport-security" not in told
        assert "access-control-allow-origin" not in told


@pytest.mark.parametrize("path", ["/docs", "/verify-email", "/reset-password"])
async def test_a_page_has_one_policy_of_its_own_and_runs_nothing_inline_that_it_does_not_name(api: Api, path: str) -> None:
    answer = await api.http.get(path)
    [policy] = answer.headers.get_list("content-security-policy")
    assert answer.headers["content-type"].startswith("text/html")
    assert policy.startswith("default-src 'none'; script-src ")
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


async def test_pages_of_an_allowed_origin_may_ask_and_read(house: Api) -> None:
    asked = await house.http.options("/v1/chat/completions", headers={"origin": APP, **PREFLIGHT})
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == APP
    assert asked.headers["access-control-allow-headers"] == "authorization, x-stainless-os"
    assert "DELETE" in asked.headers["access-control-allow-methods"]
    assert "x-request-id" in asked.headers
    caller = await house.sign_up()
    session = await caller.session()
    page = {"origin": APP}
    answers = [
        await caller.get("/v1/users/me", headers=page), await caller.get("/v1/sessions/nonsense", headers=page),
        await caller.request("POST", f"/v1/sessions/{session}/messages", json={"content": "Hi", "stream": True}, headers=page),
        await house.http.get("/v1/agents", headers=page), await house.http.get("/v1/users/me", headers=page),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 200, 200, 401]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == APP
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert {"x-request-id", "retry-after", "x-ratelimit-remaining-tokens", "x-position"} <= set(
            answer.headers["access-control-expose-headers"].split(", ")
        )
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://app.example.com.evil.example", APP.upper()])
async def test_no_other_origin_is_told_anything(house: Api, origin: str) -> None:
    asked = await house.http.options("/v1/agents", headers={"origin": origin, **PREFLIGHT})
    read = await house.http.get("/v1/agents", headers={"origin": origin})
    for answer in (asked, read):
        assert "access-control-allow-origin" not in answer.headers
        assert "Origin" in answer.headers["vary"]


async def test_what_a_preflight_asks_for_is_repeated_only_when_it_is_a_list_of_names() -> None:
    asked = {b"origin": APP.encode(), b"access-control-request-method": b"GET", b"access-control-request-headers": b"x\r\ny: z"}
    headers = [*asked.items()]
    told = Manners([APP]).preflight({"method": "OPTIONS", "headers": headers})
    assert told is not None
    assert "access-control-allow-headers" not in [name.decode() for name, _ in told]


async def test_pages_of_other_sites_sign_nobody_in(house: Api) -> None:
    caller = await house.sign_up()
    body = {"email": caller.email, "password": PASSWORD}
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    refused = await house.http.post("/v1/auth/login", json=body, headers=foreign)
    assert error_of(refused, 403)["code"] == "csrf_failed"
    assert "set-cookie" not in refused.headers
    form = await house.http.post("/v1/auth/login", content=b"{}", headers={"content-type": "text/plain"})
    error_of(form, 415)
    allowed = await house.http.post("/v1/auth/login", json=body, headers={**foreign, "origin": APP})
    assert allowed.status_code == 200


async def test_behind_a_trusted_proxy_cookies_are_secure_and_browsers_keep_to_tls(open_house: Application) -> None:
    forwarded = {"x-forwarded-for": "6.6.6.6, 192.0.2.55, 10.0.0.9", "x-forwarded-proto": "https"}
    body = {"email": new_email(), "password": PASSWORD, "name": "Ada"}
    async with client_at("10.0.0.1", open_house.asgi) as proxy:
        answer = await proxy.post("/v1/users", json=body, headers=forwarded)
    assert all("secure" in line.lower() for line in answer.headers.get_list("set-cookie"))
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert await _address_of(open_house.api.http, answer) == "192.0.2.55"


async def test_of_anybody_else_such_headers_are_not_read(open_house: Application) -> None:
    forged = {"x-forwarded-for": "192.0.2.55", "x-forwarded-proto": "https"}
    body = {"email": new_email(), "password": PASSWORD, "name": "Ada"}
    async with client_at("198.51.100.77", open_house.asgi) as stranger:
        answer = await stranger.post("/v1/users", json=body, headers=forged)
    assert not any("secure" in line.lower() for line in answer.headers.get_list("set-cookie"))
    assert "strict-transport-security" not in answer.headers
    assert await _address_of(open_house.api.http, answer) == "198.51.100.77"


async def _address_of(http: httpx.AsyncClient, signed_up: httpx.Response) -> str:
    caller = Caller(http, signed_up.json(), "")
    return str((await caller.get("/v1/auth/sessions")).json()["data"][0]["address"])


@pytest.mark.parametrize(
    ("peer", "told", "speaker"),
    [
        ("10.1.1.1", "192.0.2.1", "192.0.2.1"), ("10.1.1.1", "192.0.2.1, 10.2.2.2", "192.0.2.1"),
        ("10.1.1.1", "nonsense, 10.2.2.2", "10.2.2.2"), ("10.1.1.1", "", "10.1.1.1"), ("192.0.2.9", "192.0.2.1", "192.0.2.9"),
        ("10.1.1.1", "10.3.3.3", "10.3.3.3"), ("2001:db8::1", "2001:db8:9::9", "2001:db8:9::9"),
        ("::ffff:10.1.1.1", "192.0.2.1", "192.0.2.1"),
    ],
)
def test_the_last_hop_that_is_no_proxy_of_ours_is_who_asks(peer: str, told: str, speaker: str) -> None:
    scope = {"type": "http", "scheme": "http", "client": (peer, 1), "headers": [(b"x-forwarded-for", told.encode())]}
    TrustedProxies(["10.0.0.0/8", "2001:db8::1"]).settle(scope)
    assert scope["client"][0] == speaker  # type: ignore[index]
