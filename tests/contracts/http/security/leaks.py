"""Answers and logs say what their reader may know, and no more (API8:2023)."""

import asyncio
import secrets
from typing import Any

import pytest

from tests.contracts.http.security.routes import OWN, OWNED, REFERRING, belongings_of
from tests.support.api import Api, Caller, error_of, new_email

TELLING = ("traceback", "site-packages", "/src/", ".py", "postgres", "asyncpg", "msgspec", "litestar", "uvicorn")
JSON = {"content-type": "application/json"}
EVIL = "https://evil.example"


class LeaksSuite:
    async def test_every_answer_carries_what_keeps_browsers_from_harm(self, api: Api) -> None:
        caller = await api.sign_up()
        answers = [
            await caller.get("/v1/users/me"), await api.http.get("/v1/users/me"), await api.http.get("/nowhere"),
            await api.http.put("/v1/users"), await caller.post("/v1/sessions", {}), await api.http.get("/livez"),
            await api.http.get("/v1/agents"), await api.http.options("/v1/agents"), await caller.get("/v1/sessions/none"),
        ]
        for answer in answers:
            headers = answer.headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert not {"server", "x-powered-by", "access-control-allow-origin"} & set(headers), headers

    async def test_no_page_of_another_origin_may_read_an_answer(self, api: Api) -> None:
        caller = await api.sign_up()
        for origin in (EVIL, "null", "http://test.evil.example", "http://test", "*"):
            headers = {"origin": origin, "access-control-request-method": "DELETE"}
            preflight = await api.http.options("/v1/users/me", headers=headers)
            for answer in (await caller.get("/v1/users/me", headers=headers), preflight):
                assert not any(name.startswith("access-control-allow") for name in answer.headers), origin

    async def test_no_refusal_tells_how_the_service_is_made(self, api: Api) -> None:
        caller = await api.sign_up()
        mine = await belongings_of(api, caller)
        strange: list[dict[str, Any]] = [
            {"content": b"{"}, {"content": b"\xff\xfe"}, {"content": b'{"a": "\xed\xa0\x80"}'}, {"content": b'{"a":"\\ud800"}'},
            {"json": {"'; DROP TABLE users; --": 1}}, {"json": [1, 2]},
        ]
        for method, template in [*OWN, *REFERRING, *OWNED]:
            if "requestBody" not in template and method in ("POST", "PATCH") and "logout" not in template:
                for named in strange:
                    answer = await caller.request(method, mine.path(template), headers=JSON, **named)
                    assert answer.status_code < 500, (template, named, answer.text)
                    assert not [word for word in TELLING if word in answer.text.lower()], (template, answer.text)

    async def test_a_stranger_is_not_told_whether_an_account_exists(self, api: Api) -> None:
        caller, password = await api.sign_up(), secrets.token_hex(8)
        told = set()
        for email in (caller.email, new_email()):
            answer = await api.http.post("/v1/auth/login", json={"email": email, "password": password})
            error = error_of(answer, 401)
            asked = await api.http.post("/v1/auth/password-reset", json={"email": email})
            told.add((error["code"], error["message"], error["param"], asked.status_code, asked.text))
        assert len(told) == 1

    async def test_no_secret_is_written_to_the_log(
        self, api: Api, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
    ) -> None:
        # The application has its log from before this test, so what was captured for the whole run is looked at.
        capture = request.config.pluginmanager.getplugin("capturemanager")
        caplog.set_level("DEBUG")
        capture.read_global_capture()
        password, email = secrets.token_hex(12), new_email()
        made = await api.http.post("/v1/users", json={"email": email, "password": password, "name": "Reader"})
        api.http.cookies.clear()
        caller = Caller(api.http, made.json(), email)
        key = (await caller.post("/v1/api-keys", {"name": "laptop"})).json()["key"]
        session = await caller.session()
        words = secrets.token_hex(12)
        await caller.say(session, words)
        share = (await caller.post(f"/v1/sessions/{session}/share")).json()["token"]
        await api.http.get(f"/v1/shared/{share}")
        wrong = secrets.token_hex(12)
        await api.http.post("/v1/auth/login", json={"email": email, "password": wrong})
        await api.http.get("/v1/users/me", headers={"authorization": f"Bearer {wrong}"})
        await caller.post("/v1/sessions", {"agent_id": wrong, "title": words, "no_such_field": password})
        await caller.get(f"/v1/sessions?after={wrong}")
        written = "".join(str(vars(record)) for record in caplog.records if not record.name.startswith("http"))
        while '"method":"GET","path":"/v1/sessions","status":422' not in written:  # lines are written a moment later
            await asyncio.sleep(0.01)
            written += "".join(capture.read_global_capture())
        for secret in (password, caller.token, made.json()["refresh_token"], key, share, wrong, words, email):
            assert secret not in written

    async def test_a_letter_has_no_link_to_a_host_that_the_request_named(self, api: Api, mailbox: Any) -> None:
        caller = await api.sign_up()
        for headers in ({"host": "evil.example"}, {"x-forwarded-host": "evil.example"}, {"forwarded": "host=evil.example"}):
            await api.http.post("/v1/auth/password-reset", json={"email": caller.email}, headers=headers)
        letters = await mailbox.letters_to(caller.email)
        assert letters
        assert not [letter for letter in letters if "evil" in letter.text]
