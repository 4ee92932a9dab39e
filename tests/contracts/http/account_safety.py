"""Mailed tokens, passwords, sign-ins and the audit log, over HTTP. The fixtures: `api`, `neighbour` (another node), `mailbox`."""

from typing import Any

import httpx

from tests.contracts.http.scopes import new_key
from tests.support.api import PASSWORD, Api, Caller, error_of
from tests.support.mailbox import Mailbox
from tests.support.processes import until

NEW_PASSWORD = "a new battery, correctly stapled"


async def log_in(api: Api, email: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
    answer = await api.http.post("/v1/auth/login", json={"email": email, "password": password}, headers=headers)
    api.http.cookies.clear()
    return answer


async def second_device(api: Api, caller: Caller, device: str = "Phone/2") -> tuple[Caller, str]:
    tokens = (await log_in(api, caller.email, **{"user-agent": device})).json()
    return Caller(api.http, {"user": caller.user, **tokens}, caller.email), tokens["refresh_token"]


async def reset_token(api: Api, mailbox: Mailbox, email: str) -> str:
    assert (await api.http.post("/v1/auth/password-reset", json={"email": email})).status_code == 202
    return await mailbox.token_to(email, "reset-password")


async def sign_ins_of(caller: Caller) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = (await caller.get("/v1/auth/sessions")).json()["data"]
    return data


async def actions_of(caller: Caller) -> list[str]:
    return [entry["action"] for entry in (await caller.get("/v1/users/me/audit-log?order=asc")).json()["data"]]


class VerificationSuite:
    async def test_signing_up_mails_a_token_that_verifies_the_address_once(self, api: Api, mailbox: Mailbox) -> None:
        caller = await api.sign_up()
        assert caller.user["email_verified"] is False
        token = await mailbox.token_to(caller.email, "verify-email")
        assert (await api.http.post("/v1/auth/verify-email", json={"token": token})).status_code == 204
        assert (await caller.get("/v1/users/me")).json()["email_verified"] is True
        again = error_of(await api.http.post("/v1/auth/verify-email", json={"token": token}), 422)
        assert (again["code"], again["param"]) == ("token_refused", "token")
        assert "email_verified" in await actions_of(caller)

    async def test_a_later_mail_replaces_the_earlier_one(self, api: Api, mailbox: Mailbox) -> None:
        caller = await api.sign_up()
        first = await mailbox.token_to(caller.email, "verify-email")
        assert (await caller.post("/v1/auth/verify-email/resend")).status_code == 202
        second = await mailbox.token_to(caller.email, "verify-email")
        assert first != second
        error_of(await api.http.post("/v1/auth/verify-email", json={"token": first}), 422)
        assert (await api.http.post("/v1/auth/verify-email", json={"token": second})).status_code == 204
        assert (await caller.post("/v1/auth/verify-email/resend")).status_code == 202

    async def test_who_is_verified_gets_no_further_mail(self, api: Api, mailbox: Mailbox) -> None:
        caller = await api.sign_up()
        token = await mailbox.token_to(caller.email, "verify-email")
        await api.http.post("/v1/auth/verify-email", json={"token": token})
        assert (await caller.post("/v1/auth/verify-email/resend")).status_code == 202
        assert len(await mailbox.letters_to(caller.email)) == 1

    async def test_a_token_is_good_for_its_purpose_alone(self, api: Api, mailbox: Mailbox) -> None:
        caller = await api.sign_up()
        verifying = await mailbox.token_to(caller.email, "verify-email")
        resetting = await reset_token(api, mailbox, caller.email)
        body = {"token": verifying, "password": NEW_PASSWORD}
        error_of(await api.http.post("/v1/auth/password-reset/confirm", json=body), 422)
        error_of(await api.http.post("/v1/auth/verify-email", json={"token": resetting}), 422)
        assert (await log_in(api, caller.email)).status_code == 200


class PasswordSuite:
    async def test_a_forgotten_password_is_set_anew_and_ends_all_sign_ins(
        self, api: Api, neighbour: Api, mailbox: Mailbox
    ) -> None:
        caller = await api.sign_up()
        elsewhere, refresh = await second_device(neighbour, caller)
        token = await reset_token(api, mailbox, caller.email)
        body = {"token": token, "password": NEW_PASSWORD}
        assert (await api.http.post("/v1/auth/password-reset/confirm", json=body)).status_code == 204
        error_of(await caller.get("/v1/users/me"), 401)
        error_of(await elsewhere.get("/v1/users/me"), 401)
        error_of(await api.http.post("/v1/auth/refresh", json={"refresh_token": refresh}), 401)
        error_of(await log_in(api, caller.email), 401)
        back = await log_in(neighbour, caller.email, NEW_PASSWORD)
        assert back.status_code == 200
        error_of(await api.http.post("/v1/auth/password-reset/confirm", json=body), 422)
        again = Caller(api.http, {"user": caller.user, **back.json()}, caller.email)
        assert (await again.get("/v1/users/me")).json()["email_verified"] is True
        assert "password_reset" in await actions_of(again)

    async def test_who_registered_an_address_that_is_not_theirs_keeps_no_key_to_it(
        self, api: Api, neighbour: Api, mailbox: Mailbox
    ) -> None:
        squatter = await api.sign_up()
        keys = [await new_key(squatter), await new_key(Caller(neighbour.http, squatter.signed_up, squatter.email))]
        assert [(await key.get("/v1/users/me")).status_code for key in keys] == [200, 200]
        body = {"token": await reset_token(api, mailbox, squatter.email), "password": NEW_PASSWORD}
        assert (await api.http.post("/v1/auth/password-reset/confirm", json=body)).status_code == 204

        async def refused() -> bool:
            return [(await key.get("/v1/users/me")).status_code for key in keys] == [401, 401]

        await until(refused)
        owner = Caller(api.http, squatter.signed_up, squatter.email)
        owner.token = (await log_in(api, owner.email, NEW_PASSWORD)).json()["access_token"]
        key = await new_key(owner)
        body = {"token": await reset_token(api, mailbox, owner.email), "password": PASSWORD}
        assert (await api.http.post("/v1/auth/password-reset/confirm", json=body)).status_code == 204
        assert (await key.get("/v1/users/me")).status_code == 200

    async def test_asking_tells_nobody_who_has_an_account(self, api: Api, mailbox: Mailbox) -> None:
        caller = await api.sign_up()
        known = await api.http.post("/v1/auth/password-reset", json={"email": caller.email})
        stranger = f"stranger-of-{caller.email}"
        unknown = await api.http.post("/v1/auth/password-reset", json={"email": stranger})
        assert known.status_code == unknown.status_code == 202
        assert known.content == unknown.content
        assert await mailbox.letters_to(stranger) == []
        assert error_of(await api.http.post("/v1/auth/password-reset", json={"email": "nobody"}), 422)["param"] == "email"

    async def test_a_password_that_is_none_leaves_the_token_good(self, api: Api, mailbox: Mailbox) -> None:
        caller = await api.sign_up()
        token = await reset_token(api, mailbox, caller.email)
        short = await api.http.post("/v1/auth/password-reset/confirm", json={"token": token, "password": "short"})
        assert error_of(short, 422)["param"] == "password"
        body = {"token": token, "password": NEW_PASSWORD}
        assert (await api.http.post("/v1/auth/password-reset/confirm", json=body)).status_code == 204

    async def test_changing_the_password_ends_the_other_sign_ins(self, api: Api, neighbour: Api) -> None:
        caller = await api.sign_up()
        elsewhere, refresh = await second_device(neighbour, caller)
        key = (await caller.post("/v1/api-keys", {"name": "laptop"})).json()["key"]
        body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        assert (await caller.post("/v1/users/me/password", body)).status_code == 204
        assert (await caller.get("/v1/users/me")).status_code == 200
        error_of(await elsewhere.get("/v1/users/me"), 401)
        error_of(await api.http.post("/v1/auth/refresh", json={"refresh_token": refresh}), 401)
        program = await api.http.get("/v1/users/me", headers={"authorization": f"Bearer {key}"})
        assert program.status_code == 200
        assert (await log_in(api, caller.email, NEW_PASSWORD)).status_code == 200
        assert "password_changed" in await actions_of(caller)

    async def test_a_change_needs_the_current_password_and_a_good_new_one(self, api: Api) -> None:
        caller = await api.sign_up()
        wrong = await caller.post("/v1/users/me/password", {"current_password": "not it", "new_password": NEW_PASSWORD})
        refused = error_of(wrong, 403)
        assert (refused["code"], refused["param"]) == ("wrong_password", "current_password")
        short = await caller.post("/v1/users/me/password", {"current_password": PASSWORD, "new_password": "short"})
        assert error_of(short, 422)["param"] == "new_password"
        assert (await log_in(api, caller.email)).status_code == 200


class SignInsSuite:
    async def test_one_sees_where_one_is_signed_in(self, api: Api) -> None:
        caller = await api.sign_up()
        phone, refresh = await second_device(api, caller)
        here, there = sorted(await sign_ins_of(caller), key=lambda one: not one["current"])
        assert (here["current"], there["current"]) == (True, False)
        assert there["device"] == "Phone/2"
        assert there["address"] == "127.0.0.1"
        assert there["last_used_at"] == there["created_at"]
        await api.http.post("/v1/auth/refresh", json={"refresh_token": refresh}, headers={"user-agent": f"Phone/3{'x' * 300}"})
        [later] = [one for one in await sign_ins_of(caller) if not one["current"]]
        assert later["id"] == there["id"]
        assert later["device"].startswith("Phone/3")
        assert len(later["device"]) == 200
        error_of(await phone.get("/v1/users/me"), 401)

    async def test_a_sign_in_is_ended_from_another_one(self, api: Api, neighbour: Api) -> None:
        caller = await api.sign_up()
        phone, refresh = await second_device(neighbour, caller)
        assert (await phone.get("/v1/users/me")).status_code == 200
        [there] = [one["id"] for one in await sign_ins_of(caller) if not one["current"]]
        ended = await caller.request("DELETE", f"/v1/auth/sessions/{there}")
        assert ended.json() == {"id": there, "object": "sign_in", "deleted": True}
        error_of(await phone.get("/v1/users/me"), 401)
        error_of(await api.http.post("/v1/auth/refresh", json={"refresh_token": refresh}), 401)
        assert [one["current"] for one in await sign_ins_of(caller)] == [True]
        error_of(await caller.request("DELETE", f"/v1/auth/sessions/{there}"), 404)
        error_of(await caller.request("DELETE", "/v1/auth/sessions/nonsense"), 404)

    async def test_somebody_elses_sign_in_is_not_there(self, api: Api) -> None:
        owner, other = await api.sign_up(), await api.sign_up()
        [mine] = await sign_ins_of(owner)
        error_of(await other.request("DELETE", f"/v1/auth/sessions/{mine['id']}"), 404)
        assert len(await sign_ins_of(owner)) == 1

    async def test_all_other_sign_ins_end_and_then_this_one_too(self, api: Api) -> None:
        caller = await api.sign_up()
        others = [(await second_device(api, caller))[0] for _ in range(3)]
        some = await caller.request("DELETE", "/v1/auth/sessions?others=true")
        assert some.json() == {"ended": 3, "object": "ended_sign_ins"}
        for other in others:
            error_of(await other.get("/v1/users/me"), 401)
        assert (await caller.get("/v1/users/me")).status_code == 200
        everything = await caller.request("DELETE", "/v1/auth/sessions")
        assert everything.json()["ended"] == 1
        assert all('""' in line or "=;" in line for line in everything.headers.get_list("set-cookie"))
        error_of(await caller.get("/v1/users/me"), 401)


class AuditSuite:
    async def test_the_log_tells_what_was_done_and_from_where(self, api: Api) -> None:
        caller = await api.sign_up()
        phone, _ = await second_device(api, caller)
        assert (await phone.post("/v1/auth/logout")).status_code == 204
        assert await actions_of(caller) == ["registered", "signed_in", "signed_out"]
        newest = (await caller.get("/v1/users/me/audit-log?limit=1")).json()
        [entry] = newest["data"]
        assert newest["has_more"] is True
        assert (entry["action"], entry["address"], entry["actor_id"]) == ("signed_out", "127.0.0.1", caller.user["id"])
        other = await api.sign_up()
        key = (await other.post("/v1/api-keys", {"name": "laptop", "scopes": ["read"]})).json()["id"]
        assert (await other.request("DELETE", f"/v1/api-keys/{key}")).status_code == 200
        assert await actions_of(other) == ["registered", "api_key_issued", "api_key_revoked"]
        [entry] = (await other.get("/v1/users/me/audit-log?limit=1")).json()["data"]
        assert (entry["address"], entry["actor_id"], entry["details"]) == ("127.0.0.1", other.user["id"], {"key_id": key})

    async def test_a_refresh_token_that_is_used_twice_ends_its_sign_in_and_is_in_the_log(self, api: Api) -> None:
        caller = await api.sign_up()
        _, refresh = await second_device(api, caller)
        renewed = (await api.http.post("/v1/auth/refresh", json={"refresh_token": refresh})).json()
        error_of(await api.http.post("/v1/auth/refresh", json={"refresh_token": refresh}), 401)
        error_of(await api.http.post("/v1/auth/refresh", json={"refresh_token": renewed["refresh_token"]}), 401)
        thief = Caller(api.http, {"user": caller.user, **renewed}, caller.email)
        error_of(await thief.get("/v1/users/me"), 401)
        assert (await actions_of(caller)).count("refresh_reused") == 1
