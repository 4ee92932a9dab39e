"""What administrators may do, nobody else does (API5:2023)."""

from typing import Any

from tests.contracts.http.administration import promoted
from tests.contracts.http.scopes import new_key
from tests.contracts.http.security.routes import ADMIN, operations_of
from tests.support.api import Api, Caller, error_of

CHANGE = {"plan": "free"}


async def attempts(caller: Caller, victim: Caller, **named: Any) -> list[tuple[int, str]]:
    """Return what each of the routes answers to a caller, by status and code."""
    answers = []
    for method, template in sorted(ADMIN):
        body = CHANGE if method == "PATCH" else None
        answer = await caller.request(method, template.format(user_id=victim.user["id"]), json=body, **named)
        answers.append((answer.status_code, answer.json().get("error", {}).get("code", "")))
    return answers


class FunctionsSuite:
    async def test_the_routes_of_administrators_are_those_under_their_path(self, api: Api) -> None:
        assert {operation for operation in await operations_of(api) if "admin" in operation[1]} == ADMIN

    async def test_a_user_and_every_key_of_a_users_are_refused(self, api: Api) -> None:
        user, victim = await api.sign_up(), await api.sign_up()
        for caller in (user, await new_key(user), await new_key(user, scopes=["read", "chat", "agents", "account"])):
            assert {status for status, _ in await attempts(caller, victim)} == {403}
            assert {status for status, _ in await attempts(caller, caller)} == {403}
        assert (await victim.get("/v1/users/me")).json()["plan"] == victim.user["plan"]

    async def test_an_administrators_key_without_the_scope_is_refused(self, api: Api) -> None:
        admin, victim = await promoted(api), await api.sign_up()
        for scope in ("read", "chat", "agents", "account"):
            key = await new_key(admin, scopes=[scope])
            assert set(await attempts(key, victim)) == {(403, "insufficient_scope")}
        assert {status for status, _ in await attempts(admin, victim)} == {200}

    async def test_no_header_and_no_other_method_makes_an_administrator(self, api: Api) -> None:
        user, victim = await api.sign_up(), await api.sign_up()
        path = f"/v1/admin/users/{victim.user['id']}"
        for headers in (
            {"x-role": "admin"}, {"x-original-url": "/v1/users/me"},
            {"x-rewrite-url": "/v1/users/me"}, {"x-forwarded-for": "127.0.0.1"},
            {"x-http-method-override": "GET"}, {"x-user-id": victim.user["id"]},
        ):
            assert {status for status, _ in await attempts(user, victim, headers=headers)} == {403}
        for method in ("PUT", "POST", "DELETE"):
            error_of(await user.request(method, path, json=CHANGE), 405)

    async def test_no_other_spelling_of_the_path_gets_past_the_guard(self, api: Api) -> None:
        user = await api.sign_up()
        for path in ("/v1/admin/users/", "/v1//admin/users", "/v1/admin/users?", "/v1/users/../admin/users", "/v1/%61dmin/users",
                     "/V1/ADMIN/users", "/v1/admin/users;a=b", "/v1/admin/users%00", "/v1/admin/users%2f"):
            assert (await user.get(path)).status_code in (403, 404, 405), path
