"""Signing up, in and out, profiles and keys."""

import asyncio

import pytest

from tests.support.api import PASSWORD, Api, Caller, error_of, new_email


class AccountsSuite:
    async def test_signing_up_returns_the_user_and_a_token_that_works(self, api: Api) -> None:
        email = new_email()
        answer = await api.http.post("/v1/users", json={"email": email.upper(), "password": PASSWORD, "name": " Ada "})
        body = answer.json()
        assert answer.status_code == 201
        assert body["user"]["email"] == email
        assert body["user"]["name"] == "Ada"
        assert body["user"]["plan"] == "enterprise"
        assert body["expires_in"] == 3600
        profile = await Caller(api.http, body, email).get("/v1/users/me")
        assert profile.json() == body["user"]

    @pytest.mark.parametrize(
        ("change", "param"),
        [
            ({"email": "nobody"}, "email"),
            ({"email": "a@b@c.example"}, "email"),
            ({"email": "a\x00@example.com"}, "email"),
            ({"password": "short"}, "password"),
            ({"password": "x" * 257}, "password"),
            ({"name": ""}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"name": 7}, "name"),
            ({"email": None}, "email"),
            ({"plan": "enterprise"}, "plan"),
        ],
    )
    async def test_a_wrong_field_is_named(self, api: Api, change: dict[str, object], param: str) -> None:
        body = {"email": new_email(), "password": PASSWORD, "name": "Ada"} | change
        assert error_of(await api.http.post("/v1/users", json=body), 422)["param"] == param

    async def test_a_missing_field_is_named(self, api: Api) -> None:
        answer = await api.http.post("/v1/users", json={"email": new_email(), "name": "Ada"})
        assert error_of(answer, 422)["param"] == "password"

    async def test_malformed_json_is_a_400(self, api: Api) -> None:
        for content in (b'{"email": ', b"", b"\xff\xfe", b"[1, 2"):
            answer = await api.http.post("/v1/users", content=content, headers={"content-type": "application/json"})
            assert error_of(answer, 400)["code"] == "malformed_request"

    async def test_another_content_type_is_a_415(self, api: Api) -> None:
        answer = await api.http.post("/v1/users", data={"email": "a@example.com"})
        assert error_of(answer, 415)["code"] == "unsupported_media_type"

    async def test_of_many_who_sign_up_with_one_address_at_once_one_wins(self, api: Api) -> None:
        body = {"email": new_email(), "password": PASSWORD, "name": "Ada"}
        answers = await asyncio.gather(*(api.http.post("/v1/users", json=body) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
        lost = next(answer for answer in answers if answer.status_code == 409)
        assert error_of(lost, 409)["code"] == "email_taken"
        assert lost.headers["x-should-retry"] == "false"

    async def test_signing_in_needs_the_right_password(self, api: Api) -> None:
        caller = await api.sign_up()
        right = await api.http.post("/v1/auth/login", json={"email": caller.email, "password": PASSWORD})
        assert right.status_code == 200
        assert set(right.json()) == {"access_token", "refresh_token", "token_type", "expires_in"}
        wrong = await api.http.post("/v1/auth/login", json={"email": caller.email, "password": "another horse"})
        unknown = await api.http.post("/v1/auth/login", json={"email": new_email(), "password": PASSWORD})
        first, second = error_of(wrong, 401), error_of(unknown, 401)
        assert first["code"] == second["code"] == "wrong_credentials"
        assert first["message"] == second["message"]

    async def test_a_used_refresh_token_ends_the_whole_sign_in(self, api: Api) -> None:
        caller = await api.sign_up()
        spent = caller.signed_up["refresh_token"]
        fresh = (await api.http.post("/v1/auth/refresh", json={"refresh_token": spent})).json()
        assert (await caller.get("/v1/users/me")).status_code == 401
        caller.token = fresh["access_token"]
        assert (await caller.get("/v1/users/me")).status_code == 200
        error_of(await api.http.post("/v1/auth/refresh", json={"refresh_token": spent}), 401)
        assert (await caller.get("/v1/users/me")).status_code == 401
        error_of(await api.http.post("/v1/auth/refresh", json={"refresh_token": fresh["refresh_token"]}), 401)

    async def test_after_signing_out_the_token_is_refused(self, api: Api) -> None:
        caller = await api.sign_up()
        assert (await caller.post("/v1/auth/logout")).status_code == 204
        assert error_of(await caller.get("/v1/users/me"), 401)["code"] == "invalid_token"

    @pytest.mark.parametrize("header", [None, "Bearer", "Basic abc", "Bearer olt_unknown", "olt_unknown"])
    async def test_without_a_good_token_nothing_of_a_users_is_shown(self, api: Api, header: str | None) -> None:
        answer = await api.http.get("/v1/sessions", headers={} if header is None else {"authorization": header})
        error_of(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"

    async def test_the_profile_can_be_renamed(self, api: Api) -> None:
        caller = await api.sign_up()
        renamed = await caller.request("PATCH", "/v1/users/me", json={"name": "Grace"})
        assert renamed.json()["name"] == (await caller.get("/v1/users/me")).json()["name"] == "Grace"

    async def test_an_api_key_opens_the_account_until_it_is_revoked(self, api: Api) -> None:
        caller = await api.sign_up()
        made = await caller.post("/v1/api-keys", {"name": "laptop"})
        assert made.status_code == 201
        key = made.json()
        assert key["key"].startswith("ola_")
        program = Caller(api.http, caller.signed_up | {"access_token": key["key"]}, caller.email)
        assert (await program.get("/v1/users/me")).json()["id"] == caller.user["id"]
        listed = (await caller.get("/v1/api-keys")).json()["data"]
        assert [(item["id"], item["hint"]) for item in listed] == [(key["id"], key["key"][-4:])]
        assert "key" not in listed[0]
        revoked = await caller.request("DELETE", f"/v1/api-keys/{key['id']}")
        assert revoked.json() == {"id": key["id"], "object": "api_key", "deleted": True}
        error_of(await program.get("/v1/users/me"), 401)

    async def test_somebody_elses_key_cannot_be_revoked(self, api: Api) -> None:
        owner, other = await api.sign_up(), await api.sign_up()
        key = (await owner.post("/v1/api-keys", {"name": "laptop"})).json()
        error_of(await other.request("DELETE", f"/v1/api-keys/{key['id']}"), 404)
        assert len((await owner.get("/v1/api-keys")).json()["data"]) == 1

    async def test_a_browsers_cookie_needs_its_csrf_header_for_changes(self, api: Api) -> None:
        caller = await api.sign_up()
        login = await api.http.post("/v1/auth/login", json={"email": caller.email, "password": PASSWORD})
        session, csrf = login.cookies["ola_session"], login.cookies["ola_csrf"]
        flags = {c.split("=")[0]: c.lower() for c in login.headers.get_list("set-cookie")}
        assert "httponly" in flags["ola_session"]
        assert "samesite=lax" in flags["ola_session"]
        assert "httponly" not in flags["ola_csrf"]
        api.http.cookies.clear()
        cookie = {"cookie": f"ola_session={session}; ola_csrf={csrf}"}
        assert (await api.http.get("/v1/users/me", headers=cookie)).status_code == 200
        without = await api.http.patch("/v1/users/me", json={"name": "X"}, headers=cookie)
        assert error_of(without, 403)["code"] == "csrf_failed"
        planted = await api.http.patch(
            "/v1/users/me", json={"name": "X"}, headers={"cookie": f"ola_session={session}; ola_csrf=x", "x-csrf-token": "x"}
        )
        assert error_of(planted, 403)["code"] == "csrf_failed"
        allowed = await api.http.patch("/v1/users/me", json={"name": "X"}, headers=cookie | {"x-csrf-token": csrf})
        assert allowed.json()["name"] == "X"

    async def test_erasing_the_account_erases_all_it_owned(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        await caller.say(session)
        slug = await caller.agent("default")
        assert (await caller.request("DELETE", "/v1/users/me")).json()["deleted"] is True
        error_of(await caller.get(f"/v1/sessions/{session}"), 401)
        error_of(await api.http.get(f"/v1/agents/{slug}"), 404)
        error_of(await api.http.post("/v1/auth/login", json={"email": caller.email, "password": PASSWORD}), 401)
        again = await api.http.post("/v1/users", json={"email": caller.email, "password": PASSWORD, "name": "Ada"})
        assert again.status_code == 201
