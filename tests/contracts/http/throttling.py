"""Who guesses is slowed down, and nobody else is. The fixtures: `api` and `application`."""

import asyncio

import httpx

from tests.support.api import PASSWORD, Api, error_of, new_email
from tests.support.application import Application
from tests.support.mailbox import client_at


async def guess(client: httpx.AsyncClient, email: str, password: str = "a wrong guess") -> httpx.Response:
    answer = await client.post("/v1/auth/login", json={"email": email, "password": password})
    client.cookies.clear()
    return answer


class ThrottlingSuite:
    async def test_guesses_from_one_place_are_slowed_down_and_the_owner_is_not(self, api: Api, application: Application) -> None:
        caller = await api.sign_up()
        async with client_at("198.51.100.7", application.asgi) as attacker:
            answers = [await guess(attacker, caller.email) for _ in range(7)]
            assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
            refused = error_of(answers[-1], 429)
            assert refused["code"] == "rate_limit_exceeded"
            assert 1 <= int(answers[-1].headers["retry-after"]) <= 120
            error_of(await guess(attacker, caller.email, PASSWORD), 429)
        assert (await guess(api.http, caller.email, PASSWORD)).status_code == 200
        assert (await caller.get("/v1/users/me")).status_code == 200

    async def test_many_guesses_at_once_are_no_more_than_one_by_one(self, api: Api, application: Application) -> None:
        caller = await api.sign_up()
        async with client_at("198.51.100.8", application.asgi) as attacker:
            answers = await asyncio.gather(*(guess(attacker, caller.email) for _ in range(30)))
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 25

    async def test_guesses_from_many_places_slow_strange_places_alone(self, api: Api, application: Application) -> None:
        caller = await api.sign_up()
        statuses = []
        for number in range(22):
            async with client_at(f"203.0.113.{number}", application.asgi) as attacker:
                statuses.append((await guess(attacker, caller.email)).status_code)
        assert statuses == [401] * 20 + [429] * 2
        async with client_at("192.0.2.99", application.asgi) as traveller:
            error_of(await guess(traveller, caller.email, PASSWORD), 429)
        assert (await guess(api.http, caller.email, PASSWORD)).status_code == 200
        log = (await caller.get("/v1/users/me/audit-log")).json()["data"]
        assert [entry["details"]["times"] for entry in log if entry["action"] == "sign_in_failed"] == ["20", "5"]

    async def test_the_addresses_of_one_line_are_one_place(self, api: Api, application: Application) -> None:
        caller = await api.sign_up()
        statuses = []
        for number in range(6):
            async with client_at(f"2001:db8:7:7::{number + 1:x}", application.asgi) as attacker:
                statuses.append((await guess(attacker, caller.email)).status_code)
        assert statuses == [401] * 5 + [429]

    async def test_who_was_right_begins_anew(self, api: Api) -> None:
        caller = await api.sign_up()
        for _ in range(3):
            assert [(await guess(api.http, caller.email)).status_code for _ in range(4)] == [401] * 4
            assert (await guess(api.http, caller.email, PASSWORD)).status_code == 200

    async def test_somebody_without_an_account_is_slowed_down_just_the_same(self, application: Application) -> None:
        email = new_email()
        async with client_at("198.51.100.9", application.asgi) as attacker:
            statuses = [(await guess(attacker, email)).status_code for _ in range(6)]
        assert statuses == [401] * 5 + [429]

    async def test_one_place_that_is_wrong_about_ever_other_accounts_is_slowed_down(self, application: Application) -> None:
        async with client_at("198.51.100.10", application.asgi) as attacker:
            statuses = [(await guess(attacker, new_email())).status_code for _ in range(52)]
            assert statuses == [401] * 50 + [429] * 2
            body = {"email": new_email(), "password": PASSWORD, "name": "Mallory"}
            error_of(await attacker.post("/v1/users", json=body), 429)
            error_of(await attacker.post("/v1/auth/verify-email", json={"token": "olm_guess"}), 429)

    async def test_asking_for_mail_again_and_again_is_slowed_down_whoever_it_is_about(
        self, api: Api, application: Application
    ) -> None:
        caller = await api.sign_up()
        async with client_at("198.51.100.11", application.asgi) as attacker:
            for email in (caller.email, new_email()):
                asked = [await attacker.post("/v1/auth/password-reset", json={"email": email}) for _ in range(6)]
                assert [answer.status_code for answer in asked] == [202] * 5 + [429]
        assert (await api.http.post("/v1/auth/password-reset", json={"email": caller.email})).status_code == 202
