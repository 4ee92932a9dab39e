"""Repeated requests for secrets, which are stored nowhere."""

import httpx

from tests.contracts.http.idempotency import is_replayed
from tests.contracts.http.writes import Request, log_in, make_key, refresh, sign_up
from tests.support.api import PASSWORD, Api, Caller, error_of


def with_token(caller: Caller, token: str) -> Caller:
    """Return a client of the same user's with another token or key."""
    return Caller(caller.http, caller.signed_up | {"access_token": token}, caller.email)


async def refreshed(api: Api, token: str, key: str | None = None) -> httpx.Response:
    """Return the answer to a refresh token."""
    headers = {} if key is None else {"idempotency-key": key}
    answer = await api.http.post("/v1/auth/refresh", json={"refresh_token": token}, headers=headers)
    api.http.cookies.clear()
    return answer


class KeyedRefreshSuite:
    async def test_a_lost_answer_is_told_again_and_the_sign_in_lives_on(self, api: Api) -> None:
        request = await refresh(api)
        answers = [await request.send("k") for _ in range(3)]
        assert len({answer.text for answer in answers}) == 1
        tokens = answers[-1].json()
        assert (await with_token(request.caller, tokens["access_token"]).get("/v1/users/me")).status_code == 200
        assert (await refreshed(api, tokens["refresh_token"])).status_code == 200

    async def test_after_the_client_has_gone_on_the_old_answer_is_told_and_opens_nothing(self, api: Api) -> None:
        request = await refresh(api)
        first = await request.send("one")
        second = await refreshed(api, first.json()["refresh_token"], "two")
        assert (await request.send("one")).text == first.text
        error_of(await with_token(request.caller, first.json()["access_token"]).get("/v1/users/me"), 401)
        newest = with_token(request.caller, second.json()["access_token"])
        assert (await newest.get("/v1/users/me")).status_code == 200
        error_of(await refreshed(api, first.json()["refresh_token"], "three"), 401)
        error_of(await newest.get("/v1/users/me"), 401)

    async def test_a_spent_token_with_another_key_or_none_ends_the_whole_sign_in(self, api: Api) -> None:
        for key in ("another", None):
            request = await refresh(api)
            tokens = (await request.send("k")).json()
            error_of(await request.send(key), 401)
            error_of(await with_token(request.caller, tokens["access_token"]).get("/v1/users/me"), 401)
            error_of(await request.send("k"), 401)

    async def test_one_key_gives_each_token_that_it_is_used_with_secrets_of_its_own(self, api: Api) -> None:
        pairs = [(await (await refresh(api)).send("k")).json() for _ in range(2)]
        assert len({token for pair in pairs for token in (pair["access_token"], pair["refresh_token"])}) == 4


class KeyedApiKeySuite:
    async def test_the_same_secret_is_told_again_and_opens_the_account(self, api: Api) -> None:
        request = await make_key(api)
        secrets = {(await request.send("k")).json()["key"] for _ in range(3)}
        assert len(secrets) == 1
        assert (await with_token(request.caller, secrets.pop()).get("/v1/users/me")).status_code == 200
        assert len((await request.caller.get("/v1/api-keys")).json()["data"]) == 1

    async def test_to_another_token_of_the_same_user_the_secret_is_not_told(self, api: Api) -> None:
        request = await make_key(api)
        made = (await request.send("k")).json()
        program = with_token(request.caller, made["key"])
        again = await Request(request.method, request.path, program, request.body).send("k")
        error = error_of(again, 409)
        assert error["code"] == "idempotency_secret_gone"
        assert made["id"] in error["message"]
        assert again.headers["x-should-retry"] == "false"
        assert not is_replayed(again)
        assert made["key"] not in again.text
        assert len((await request.caller.get("/v1/api-keys")).json()["data"]) == 1

    async def test_one_key_of_two_users_gives_two_secrets(self, api: Api) -> None:
        secrets = [(await (await make_key(api)).send("k")).json()["key"] for _ in range(2)]
        assert secrets[0] != secrets[1]


class KeyedSignInSuite:
    async def test_signing_up_again_signs_in_the_same_user(self, api: Api) -> None:
        request = await sign_up(api)
        answers = [(await request.send("k")).json() for _ in range(3)]
        assert len({answer["access_token"] for answer in answers}) == 3
        for answer in answers:
            profile = await Caller(api.http, answer, request.caller.email).get("/v1/users/me")
            assert profile.json() == answers[0]["user"]

    async def test_signing_up_again_with_another_password_is_refused_and_is_not_a_reused_key(self, api: Api) -> None:
        request = await sign_up(api)
        await request.send("k")
        other = Request("POST", request.path, request.caller, request.body | {"password": "another horse"}, anonymous=True)
        answer = await other.send("k")
        assert error_of(answer, 409)["code"] == "email_taken"
        assert not is_replayed(answer)

    async def test_signing_up_again_with_another_key_or_none_finds_the_address_taken(self, api: Api) -> None:
        request = await sign_up(api)
        await request.send("k")
        for key in ("another", None):
            assert error_of(await request.send(key), 409)["code"] == "email_taken"

    async def test_the_key_of_a_sign_up_is_its_users_own(self, api: Api) -> None:
        requests = [await sign_up(api) for _ in range(2)]
        users = [(await request.send("k")).json()["user"]["id"] for request in requests]
        assert users[0] != users[1]

    async def test_signing_in_again_gives_tokens_that_work_and_leaves_the_first_ones_alone(self, api: Api) -> None:
        request = await log_in(api)
        answers = [(await request.send("k")).json() for _ in range(2)]
        assert answers[0]["access_token"] != answers[1]["access_token"]
        for answer in answers:
            assert (await with_token(request.caller, answer["access_token"]).get("/v1/users/me")).status_code == 200

    async def test_a_wrong_password_is_refused_whatever_the_key(self, api: Api) -> None:
        request = await log_in(api)
        await request.send("k")
        wrong = Request("POST", request.path, request.caller, request.body | {"password": PASSWORD + "!"}, anonymous=True)
        assert error_of(await wrong.send("k"), 401)["code"] == "wrong_credentials"
