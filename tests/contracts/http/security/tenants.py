"""Two users side by side: neither reads, changes or learns of what is the other's (OWASP API1:2023 and API3:2023)."""

from typing import Any

import httpx
import pytest

from tests.contracts.http.security.routes import (
    ADMIN,
    OWN,
    OWNED,
    PUBLIC,
    REFERRING,
    Belongings,
    Operation,
    belongings_of,
    nothing_like,
    operations_of,
)
from tests.support.api import Api, Caller, error_of

MESSAGE = {"role": "user", "parts": [{"type": "text", "text": "Hello"}]}
# How another's things can be named in bodies.
REFERENCES: list[tuple[str, str, Any]] = [
    ("/v1/sessions", "agent_id", {"agent_id": "{agent_id}"}),
    ("/v1/sessions", "agent_id", {"agent_id": "{model_id}"}),
    ("/v1/conversations", "agent_id", {"agent_id": "{agent_id}"}),
    ("/v1/chat/completions", "model", {"model": "{model_id}", "messages": [{"role": "user", "content": "Hello"}]}),
    ("/v1/responses", "model", {"input": "Hello", "model": "{model_id}"}),
    ("/v1/responses", "conversation", {"input": "Hello", "conversation": "{session_id}"}),
    ("/v1/responses", "previous_response_id", {"input": "Hello", "previous_response_id": "{run_id}"}),
    ("/v1/ai-sdk/chat", "id", {"id": "{session_id}", "messages": [MESSAGE]}),
    ("/v1/ai-sdk/chat", "agent_id", {"id": "a-chat-of-mine", "agent_id": "{agent_id}", "messages": [MESSAGE]}),
]


async def ask(caller: Caller, operation: Operation, things: Belongings, body: Any) -> httpx.Response:
    method, template = operation
    return await caller.request(method, things.path(template), json=body)


def told(answer: httpx.Response, things: Belongings) -> tuple[int, str]:
    """Return an answer without what is its own and what it was asked for by."""
    text = answer.text.replace(answer.headers["x-request-id"], "")
    for name in sorted(things.names.values(), key=len, reverse=True):
        text = text.replace(name, "…")
    return answer.status_code, text


async def state_of(caller: Caller, things: Belongings) -> list[Any]:
    """Return all that its owner can read of a user's things."""
    reads = [operation for operation in OWNED if operation[0] == "GET" and "events" not in operation[1]]
    answers = [await ask(caller, operation, things, None) for operation in reads]
    assert [answer.status_code for answer in answers if answer.status_code not in (200, 204)] == []
    return [answer.text for answer in answers]


def filled(body: Any, things: Belongings) -> Any:
    if isinstance(body, str):
        return body.format(**things.names)
    if isinstance(body, dict):
        return {name: filled(value, things) for name, value in body.items()}
    return [filled(value, things) for value in body] if isinstance(body, list) else body


class InventorySuite:
    async def test_every_operation_is_said_to_be_somebodys(self, api: Api) -> None:
        listed = [*PUBLIC, *OWN, *REFERRING, *ADMIN, *OWNED]
        assert sorted(listed) == sorted(set(listed))
        assert sorted(await operations_of(api)) == sorted(listed)

    async def test_the_document_says_who_has_to_be_signed_in(self, api: Api) -> None:
        told = {operation: one["security"] for operation, one in (await operations_of(api)).items()}
        free = {operation for operation, security in told.items() if not security or {} in security}
        assert free == {*PUBLIC, ("GET", "/v1/agents/{agent_id}")}

    async def test_a_stranger_is_told_to_sign_in_whatever_is_asked_for(self, api: Api) -> None:
        owner = await api.sign_up()
        mine = await belongings_of(api, owner)
        before = await state_of(owner, mine)
        for method, template in [*OWN, *REFERRING, *ADMIN, *OWNED]:
            if (method, template) == ("GET", "/v1/agents/{agent_id}"):
                continue
            for headers in ({}, {"authorization": "Bearer olt_" + "a" * 43}, {"authorization": "Basic eDp5"}):
                answer = await api.http.request(method, mine.path(template), content=b"{", headers=headers)
                assert error_of(answer, 401)["type"] == "authentication_error", (method, template)
        error_of(await api.http.get(mine.path("/v1/agents/{agent_id}")), 404)
        assert await state_of(owner, mine) == before


class TenantsSuite:
    async def test_what_is_anothers_is_answered_like_what_is_not_there(self, api: Api) -> None:
        owner, other = await api.sign_up(), await api.sign_up()
        mine = await belongings_of(api, owner)
        before, nothing = await state_of(owner, mine), nothing_like(mine)
        for operation, body in OWNED.items():
            answer = await ask(other, operation, mine, body)
            assert answer.status_code in ({404} if "/ai-sdk/" not in operation[1] else {204, 404}), (operation, answer.text)
            assert told(answer, mine) == told(await ask(other, operation, nothing, body), nothing), operation
        assert await state_of(owner, mine) == before

    async def test_a_body_that_is_wrong_does_not_tell_whether_the_thing_is_there(self, api: Api) -> None:
        owner, other = await api.sign_up(), await api.sign_up()
        mine = await belongings_of(api, owner)
        nothing = nothing_like(mine)
        for operation in [one for one, body in OWNED.items() if body is not None]:
            for wrong in ({"no_such_field": 1}, {}, [], "text", None):
                theirs = await ask(other, operation, mine, wrong)
                assert told(theirs, mine) == told(await ask(other, operation, nothing, wrong), nothing), (operation, wrong)

    @pytest.mark.parametrize(("path", "param", "body"), REFERENCES)
    async def test_a_body_that_names_what_is_anothers_names_nothing(self, api: Api, path: str, param: str, body: Any) -> None:
        owner, other = await api.sign_up(), await api.sign_up()
        mine = await belongings_of(api, owner)
        before, nothing = await state_of(owner, mine), nothing_like(mine)
        answer = await other.post(path, filled(body, mine))
        # As at OpenAI: a response that is not there makes the request for the next one invalid.
        error_of(answer, 400 if param == "previous_response_id" else 404)
        assert told(answer, mine) == told(await other.post(path, filled(body, nothing)), nothing), param
        assert await state_of(owner, mine) == before

    async def test_lists_show_nothing_of_anothers_whatever_the_cursor(self, api: Api) -> None:
        owner, other = await api.sign_up(), await api.sign_up()
        mine = await belongings_of(api, owner)
        cursors = {
            "/v1/sessions": "session_id", "/v1/api-keys": "key_id", "/v1/auth/sessions": "sign_in_id",
            "/v1/users/me/agents": "agent_id", "/v1/agents": "agent_id",
        }
        for path, name in cursors.items():
            for way in ("after", "before"):
                for order in ("asc", "desc"):
                    answer = await other.get(path, params={way: mine.names[name], "order": order, "limit": 100})
                    assert not any(text in answer.text for text in mine.names.values() if "_" in text), (path, way, order)
        for path in ("/v1/usage", "/v1/users/me/audit-log", "/v1/users/me/export", "/v1/models"):
            text = (await other.get(path)).text
            assert not any(one in text for one in [*mine.names.values(), mine.slug, owner.email] if len(one) > 8), path
