"""What API keys may be used for, and how long."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.api import Api, Caller, error_of

AGENT = {"slug": "no-such-agent", "name": "Test", "persona": "You are a test.", "model": "default"}
# One request of each kind, with the status that it has where the caller may make it.
REQUESTS: dict[str, tuple[str, str, Any, int]] = {
    "read": ("GET", "/v1/sessions", None, 200),
    "chat": ("POST", "/v1/sessions", {"agent_id": "einstein"}, 201),
    "agents": ("POST", "/v1/agents", AGENT | {"slug": "Not A Slug"}, 422),
    "account": ("GET", "/v1/api-keys", None, 200),
}


async def new_key(caller: Caller, **fields: Any) -> Caller:
    """Return a program with a new key of the caller's."""
    made = await caller.post("/v1/api-keys", {"name": "program", **fields})
    assert made.status_code == 201, made.text
    return Caller(caller.http, caller.signed_up | {"access_token": made.json()["key"]}, caller.email)


def later(**time: float) -> str:
    """Return a moment from now on as the API writes it."""
    return (datetime.now(UTC) + timedelta(**time)).isoformat()


class ScopesSuite:
    @pytest.mark.parametrize("scope", REQUESTS)
    async def test_a_key_is_good_for_its_scope_and_for_no_other(self, api: Api, scope: str) -> None:
        program = await new_key(await api.sign_up(), scopes=[scope])
        for needed, (method, path, body, status) in REQUESTS.items():
            answer = await program.request(method, path, json=body)
            if needed == scope:
                assert answer.status_code == status, answer.text
            else:
                error = error_of(answer, 403)
                assert error["code"] == "insufficient_scope"
                assert f"'{needed}'" in error["message"]

    async def test_a_key_without_scopes_and_a_sign_in_are_good_for_all(self, api: Api) -> None:
        caller = await api.sign_up()
        for one in (caller, await new_key(caller)):
            for method, path, body, status in REQUESTS.values():
                assert (await one.request(method, path, json=body)).status_code == status

    async def test_frequent_readings_need_the_scope_too(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        talker, reader = await new_key(caller, scopes=["chat"]), await new_key(caller, scopes=["read"])
        for path in (f"/v1/sessions/{session}", f"/v1/sessions/{session}/messages"):
            assert error_of(await talker.get(path), 403)["code"] == "insufficient_scope"
            assert (await reader.get(path)).status_code == 200

    async def test_a_refused_request_changes_nothing(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        reader = await new_key(caller, scopes=["read"])
        error_of(await reader.say(session), 403)
        error_of(await reader.request("DELETE", f"/v1/sessions/{session}"), 403)
        error_of(await reader.request("DELETE", "/v1/users/me"), 403)
        assert await caller.messages(session) == []

    async def test_the_key_shows_what_it_is_good_for(self, api: Api) -> None:
        caller = await api.sign_up()
        ends = later(days=30)
        body = {"name": "laptop", "scopes": ["chat", "read", "chat"], "expires_at": ends}
        made = (await caller.post("/v1/api-keys", body)).json()
        (listed,) = (await caller.get("/v1/api-keys")).json()["data"]
        assert made["scopes"] == listed["scopes"] == ["read", "chat"]
        assert datetime.fromisoformat(made["expires_at"]) == datetime.fromisoformat(ends)
        assert made["expires_at"] == listed["expires_at"]
        assert made["expires_at"].endswith("Z")

    @pytest.mark.parametrize(
        ("change", "param"),
        [
            ({"scopes": []}, "scopes"),
            ({"scopes": ["read", "everything"]}, "scopes"),
            ({"scopes": "read"}, "scopes"),
            ({"scopes": [1]}, "scopes[0]"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({"expires_at": "2999-01-01T00:00:00Z"}, "expires_at"),
            ({"expires_at": "2027-01-01T00:00:00"}, "expires_at"),
            ({"expires_at": "tomorrow"}, "expires_at"),
            ({"expires_in": 0}, "expires_in"),
            ({"expires_in": -5}, "expires_in"),
            ({"expires_in": 10**11}, "expires_in"),
            ({"expires_in": 60, "expires_at": "2027-01-01T00:00:00Z"}, "expires_in"),
        ],
    )
    async def test_a_wrong_field_of_a_key_is_named(self, api: Api, change: dict[str, object], param: str) -> None:
        caller = await api.sign_up()
        answer = await caller.post("/v1/api-keys", {"name": "laptop"} | change)
        assert error_of(answer, 422)["param"] == param
        assert (await caller.get("/v1/api-keys")).json()["data"] == []

    async def test_the_scope_of_administrators_is_for_them_alone(self, api: Api) -> None:
        caller = await api.sign_up()
        refused = await caller.post("/v1/api-keys", {"name": "laptop", "scopes": ["admin"]})
        assert error_of(refused, 403) | {"request_id": ""} == {
            "type": "permission_error", "code": "administrators_only", "param": "scopes", "request_id": "",
            "message": "Only an administrator's key can have the scope 'admin'.",
        }

    async def test_a_key_hands_on_no_more_than_it_has(self, api: Api) -> None:
        caller = await api.sign_up()
        maker = await new_key(caller, scopes=["read", "account"])
        too_much = await maker.post("/v1/api-keys", {"name": "more", "scopes": ["read", "chat"]})
        assert (error_of(too_much, 403)["code"], error_of(too_much, 403)["param"]) == ("insufficient_scope", "scopes")
        assert (await maker.post("/v1/api-keys", {"name": "less", "scopes": ["read"]})).json()["scopes"] == ["read"]
        assert (await maker.post("/v1/api-keys", {"name": "same"})).json()["scopes"] == ["read", "account"]

    async def test_a_key_makes_none_that_outlives_it(self, api: Api) -> None:
        caller = await api.sign_up()
        maker = await new_key(caller, expires_in=2 * 86_400)
        (own,) = (await caller.get("/v1/api-keys")).json()["data"]
        beyond = datetime.fromisoformat(own["expires_at"]) + timedelta(seconds=1)
        for longer in ({"expires_at": beyond.isoformat()}, {"expires_in": 3 * 86_400}):
            refused = await maker.post("/v1/api-keys", {"name": "longer", **longer})
            assert error_of(refused, 403)["param"] == next(iter(longer))
        made = [await maker.post("/v1/api-keys", {"name": "k", **more}) for more in ({}, {"expires_in": 60})]
        ends = [one.json()["expires_at"] for one in made]
        assert ends[0] == own["expires_at"] > ends[1]

    async def test_a_repeated_request_for_a_key_with_an_end_gets_the_same_again(self, api: Api) -> None:
        caller = await api.sign_up()
        body = {"name": "laptop", "scopes": ["read"], "expires_in": 3600}
        first, second = [
            await caller.post("/v1/api-keys", body, headers={"idempotency-key": "key-with-an-end"}) for _ in range(2)
        ]
        assert first.json() == second.json()
        assert second.headers["idempotency-replayed"] == "true"
