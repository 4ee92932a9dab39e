"""What one request may ask of a node is bounded, whatever is sent (API4:2023)."""

import gzip
import json
from collections.abc import AsyncIterator

import pytest

from tests.contracts.http.security.routes import OPENAI, belongings_of, bodies
from tests.support.api import Api, error_of

JSON = {"content-type": "application/json"}
MIB = 1_048_576
LONG = "x" * 500_000
DEEP = '{"metadata":' + '{"a":' * 50_000 + "1" + "}" * 50_001
LISTS = ("/v1/sessions", "/v1/api-keys", "/v1/agents", "/v1/users/me/agents", "/v1/auth/sessions", "/v1/users/me/audit-log")


async def pieces(size: int) -> AsyncIterator[bytes]:
    yield b'{"name":"'
    for _ in range(0, size, 65_536):
        yield b"x" * 65_536
    yield b'"}'


class ResourcesSuite:
    async def test_a_body_over_one_mebibyte_is_refused_on_every_route(self, api: Api) -> None:
        caller = await api.sign_up()
        mine = await belongings_of(api, caller)
        for method, template in bodies(mine):
            answer = await caller.request(method, mine.path(template), content=b" " * (MIB + 1), headers=JSON)
            assert error_of(answer, 413)["code"] == "body_too_large", template

    async def test_a_body_that_does_not_say_its_length_is_bounded_all_the_same(self, api: Api) -> None:
        caller = await api.sign_up()
        error_of(await caller.request("PATCH", "/v1/users/me", content=pieces(2 * MIB), headers=JSON), 413)
        assert (await caller.get("/v1/users/me")).json()["name"] == "Somebody"

    @pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate", "gzip, gzip"])
    async def test_a_compressed_body_is_not_unpacked(self, api: Api, coding: str) -> None:
        caller = await api.sign_up()
        bomb = gzip.compress(json.dumps({"name": "x" * MIB * 8}).encode())
        headers = JSON | {"content-encoding": coding}
        for path in ("/v1/users", "/v1/sessions"):
            error_of(await caller.request("POST", path, content=bomb, headers=headers), 415)

    async def test_deep_nesting_is_no_json_and_no_fault(self, api: Api) -> None:
        caller = await api.sign_up()
        mine = await belongings_of(api, caller)
        for method, template in bodies(mine):
            for text in (DEEP, "[" * 100_000, '{"a":' * 100_000):
                answer = await caller.request(method, mine.path(template), content=text, headers=JSON)
                assert error_of(answer, answer.status_code)["type"] == "invalid_request_error", template
                assert answer.status_code in (400, 422), (template, answer.text)

    async def test_lists_in_bodies_are_bounded(self, api: Api) -> None:
        caller = await api.sign_up()
        mine = await belongings_of(api, caller)
        said, part = {"role": "user", "content": "a"}, {"type": "text", "text": "a"}
        tool = {"type": "function", "function": {"name": "f"}}
        for template, body in (
            ("/v1/sessions/{session_id}/messages", {"content": [part] * 5_000}),
            ("/v1/chat/completions", {"model": mine.slug, "messages": [said] * 2_049}),
            ("/v1/chat/completions", {"model": mine.slug, "messages": [said], "tools": [tool] * 129}),
            ("/v1/chat/completions", {"model": mine.slug, "messages": [said], "stop": ["a"] * 5}),
            ("/v1/responses", {"input": [said] * 5_000}), ("/v1/conversations", {"items": [said] * 5_000}),
            ("/v1/conversations/{conversation_id}/items", {"items": [said] * 5_000}),
            ("/v1/api-keys", {"name": "a", "scopes": ["read"] * 5_000}),
            ("/v1/sessions", {"agent_id": mine.slug, "metadata": {str(number): "a" for number in range(5_000)}}),
            ("/v1/ai-sdk/chat", {"id": "c", "agent_id": mine.slug, "messages": [{"role": "user", "parts": [part] * 5_000}]}),
        ):
            answer = await caller.post(mine.path(template), body)
            assert answer.status_code in (400, 422), (template, answer.text)

    async def test_texts_in_bodies_are_bounded(self, api: Api) -> None:
        caller = await api.sign_up()
        mine = await belongings_of(api, caller)
        for (method, template), body in bodies(mine).items():
            for name, value in body.items():
                if isinstance(value, str) and name != "current_password":
                    answer = await caller.request(method, mine.path(template), json={**body, name: LONG})
                    assert answer.status_code in (400, 401, 404, 422, 429), (template, name, answer.text)
                    assert len(answer.text) < 10_000, (template, name)

    @pytest.mark.parametrize(
        "number", ["1e400", "-1e400", "NaN", "Infinity", "9" * 5_000, "1" + "0" * 400, "0.0000001e-400", "-0"]
    )
    async def test_numbers_that_are_none_or_fit_nowhere_are_refused(self, api: Api, number: str) -> None:
        caller = await api.sign_up()
        mine = await belongings_of(api, caller)
        fields = {
            "/v1/chat/completions": ("temperature", "max_tokens", "seed", "n"),
            "/v1/responses": ("temperature", "max_output_tokens"), "/v1/api-keys": ("expires_in",),
        }
        for template, names in fields.items():
            for name in names:
                text = json.dumps(bodies(mine)["POST", template])[:-1] + f', "{name}": {number}}}'
                answer = await caller.request("POST", template, content=text, headers=JSON)
                small = float(number) == 0
                assert answer.status_code in ((200, 201, 400, 422) if small else (400, 422)), (name, number, answer.text)
                if template.startswith(OPENAI) and not small:
                    assert answer.status_code == 400

    @pytest.mark.parametrize("limit", ["0", "101", "-1", "9999999999999999999999", "1e2", "", "all", "NaN", "１０"])
    async def test_pages_have_bounds(self, api: Api, limit: str) -> None:
        caller = await api.sign_up()
        for path in LISTS:
            answer = await caller.get(path, params={"limit": limit})
            if limit in ("１０", "1e2"):  # ten and a hundred, in other words
                assert answer.status_code in (200, 422)
                assert len(answer.text) < 100_000
            else:
                assert error_of(answer, 422)["param"] == "limit", path

    async def test_long_addresses_and_many_parameters_are_taken_for_what_they_are(self, api: Api) -> None:
        caller = await api.sign_up()
        assert (await caller.get("/v1/sessions/" + "x" * 60_000)).status_code == 404
        assert (await caller.get("/v1/sessions?" + "&".join(f"p{number}=1" for number in range(5_000)))).status_code in (200, 422)
        headers = {f"x-{number}": "a" for number in range(2_000)}
        assert (await caller.get("/v1/users/me", headers=headers)).status_code == 200
        error_of(await caller.get("/v1/users/me", headers={"authorization": f"Bearer {LONG}"}), 401)
