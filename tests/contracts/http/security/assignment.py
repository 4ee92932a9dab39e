"""Mass assignment: a field that is not the caller's to set is refused by name and changes nothing (API3:2023)."""

from typing import Any

import pytest

from tests.contracts.http.security.routes import OPENAI, belongings_of, bodies, operations_of
from tests.support.api import Api, Caller, error_of

# What a careless server would take over from a body into what it keeps.
PRIVILEGED: dict[str, Any] = {
    "id": "user_01jz0000000000000000000000", "owner_id": "user_01jz0000000000000000000000", "user_id": "user_x",
    "plan": "enterprise", "role": "admin", "limits": {"requests_per_minute": 10**6}, "monthly_budget": "1000000",
    "email_verified": True, "email_verified_at": "2020-01-01T00:00:00Z", "created_at": "2020-01-01T00:00:00Z",
    "scopes": ["admin"], "head_seq": 7, "version": 99, "status": "completed", "is_admin": True, "__proto__": {"role": "admin"},
    "password_hash": "x", "hold": {}, "actor": {}, "once": {},
}
# Where a name in the list is a field that callers may set.
THEIRS = {("POST", "/v1/api-keys"): {"scopes"}, ("POST", "/v1/ai-sdk/chat"): {"id"}}


async def account(caller: Caller) -> Any:
    return (await caller.get("/v1/users/me")).json()


class AssignmentSuite:
    async def test_no_body_takes_a_field_that_is_not_the_callers_to_set(self, api: Api) -> None:
        caller = await api.sign_up()
        mine = await belongings_of(api, caller)
        before, document = await account(caller), await operations_of(api)
        with_bodies = {one for one, told in document.items() if "requestBody" in told and "/admin/" not in one[1]}
        assert with_bodies == set(bodies(mine))
        for operation, body in bodies(mine).items():
            method, template = operation
            status = 400 if template.startswith(OPENAI) else 422
            for name in PRIVILEGED.keys() - THEIRS.get(operation, set()):
                answer = await caller.request(method, mine.path(template), json={**body, name: PRIVILEGED[name]})
                assert error_of(answer, status)["param"] == name, (operation, name)
        assert await account(caller) == before

    async def test_a_sign_up_gives_itself_nothing(self, api: Api) -> None:
        body = {"email": "climber@example.com", "password": "correct horse battery", "name": "Climber"}
        for name, value in PRIVILEGED.items():
            error_of(await api.http.post("/v1/users", json={**body, name: value}), 422)
        signed_up = (await api.http.post("/v1/users", json=body)).json()["user"]
        api.http.cookies.clear()
        assert (signed_up["role"], signed_up["email_verified"]) == ("user", False)

    @pytest.mark.parametrize(
        "text", ['{"name":"A","name":"B","role":"admin"}', '{"role":"admin"}', '[{"name":"A"}]', '"A"', "null", "7"]
    )
    async def test_no_other_form_of_body_gets_past_the_check(self, api: Api, text: str) -> None:
        caller = await api.sign_up()
        before = await account(caller)
        headers = {"content-type": "application/json"}
        answer = await caller.request("PATCH", "/v1/users/me", content=text, headers=headers)
        assert answer.status_code in (400, 422), answer.text
        assert await account(caller) == before

    async def test_nobody_gives_a_key_more_than_they_have(self, api: Api) -> None:
        caller = await api.sign_up()
        made = await caller.post("/v1/api-keys", {"name": "climber", "scopes": ["admin"]})
        key = Caller(caller.http, caller.signed_up | {"access_token": made.json().get("key", "olak_none")}, caller.email)
        assert (await key.get("/v1/admin/users")).status_code in (401, 403)
