"""What is begun in front of the framework is what the framework would do: a cookie without meaning goes the long way."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.contracts.http.scopes import new_key
from tests.support.api import Api, Caller
from tests.support.application import Application

THE_LONG_WAY = {"cookie": "nothing=1"}
ELSEWHERE = "/v1/sessions/session_00000000000000000000000000/messages"
COMPLETIONS = "/v1/chat/completions"
_OWN_VALUE = {"x-position", "content-length", *(f"x-ratelimit-{what}" for what in (
    "remaining-requests", "reset-requests", "remaining-tokens", "reset-tokens",
))}
_CHANGING = re.compile(
    r"(run|message|session|chatcmpl|req)[_-]\w{16,}|\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)|(?<=\"created\":)\d+|(?<=\"seq\":)\d+"
)
Told = tuple[int, dict[str, str], str]


def said(**fields: Any) -> bytes:
    return json.dumps({"content": "Hello!", **fields}).encode()


def asked(**fields: Any) -> bytes:
    return json.dumps({"model": "einstein", "messages": [{"role": "user", "content": "Hello!"}], **fields}).encode()


MESSAGES = {
    "stream": (said(stream=True), {}, 200),
    "waited for": (said(), {}, 201),
    "compressed": (said(content="Hello!" * 300), {"accept-encoding": "gzip"}, 201),
    "not waited for": (said(), {"prefer": "respond-async"}, 202),
    "stream whoever prefers what": (said(stream=True), {"prefer": "respond-async"}, 200),
    "parts and a name": (said(content=[{"text": "a"}, {"type": "text", "text": "b"}], client_message_id="mine"), {}, 201),
    "key": (said(stream=True), {"idempotency-key": "k"}, 200),
    "lax": (said(stream="true"), {}, 200),
    "lax number": (said(stream=1), {}, 200),
    "no kind": (said(), {"content-type": ""}, 201),
    "charset": (said(), {"content-type": "application/json; charset=utf-8"}, 201),
    "null": (said(client_message_id=None), {}, 201),
    "nothing": (b"", {}, 400),
    "no JSON": (b'{"content": ', {}, 400),
    "no text": (b'{"content": "\xff"}', {}, 400),
    "too deep": (b"[" * 50_000, {}, 400),
    "unknown field": (said(colour="red"), {}, 422),
    "missing field": (b"{}", {}, 422),
    "no object": (b"[]", {}, 422),
    "blank": (said(content=" "), {}, 422),
    "long name": (said(client_message_id="x" * 256), {}, 422),
    "wrong word": (said(on_active="dance"), {}, 422),
    "too large": (said(content="x" * 1_048_576), {}, 413),
    "coded": (said(), {"content-encoding": "gzip"}, 415),
    "another kind": (said(), {"content-type": "text/plain"}, 415),
    "position": (said(stream=True), {"x-position": "nonsense"}, 422),
}
PASSED = {
    "stream": (asked(stream=True, stream_options={"include_usage": True}), {}, 200),
    "whole": (asked(temperature=1, seed=2**63 - 1, metadata={"a": "b"}), {}, 200),
    "kept": (asked(store=True, stream=True), {}, 200),
    "lax": (asked(temperature="0.5"), {}, 200),
    "key": (asked(), {"idempotency-key": "c"}, 200),
    "no JSON": (b"{", {}, 400),
    "unknown field": (asked(colour="red"), {}, 400),
    "unknown model": (asked(model="nobody"), {}, 404),
    "not here": (asked(n=2), {}, 400),
    "not together": (asked(top_logprobs=2), {}, 400),
    "nothing to keep": (asked(store=True, messages=[{"role": "system", "content": "x"}]), {}, 400),
    "another kind": (asked(), {"content-type": "text/plain"}, 415),
}


def told(answer: httpx.Response) -> Told:
    """Return the answer without what is another's in every answer."""
    headers = {name: "" if name in _OWN_VALUE else _CHANGING.sub("", value) for name, value in answer.headers.items()}
    return answer.status_code, headers, _CHANGING.sub("", answer.text)


async def both(caller: Caller, path: str | None, body: bytes, headers: dict[str, str]) -> tuple[Told, Told]:
    """Return what the door and what the framework tell, each of a session of its own where no path is given."""
    answers = []
    for way in ({}, THE_LONG_WAY):
        place = path or f"/v1/sessions/{await caller.session()}/messages"
        named = {"content-type": "application/json"} | headers | way
        key = {"idempotency-key": str(way)} if "idempotency-key" in headers else {}
        answers.append(told(await caller.request("POST", place, content=body, headers=named | key)))
    return answers[0], answers[1]


@pytest.mark.parametrize("kind", MESSAGES)
async def test_both_ways_to_say_something_tell_the_same(api: Api, kind: str) -> None:
    body, headers, status = MESSAGES[kind]
    hot, long = await both(await api.sign_up(), None, body, headers)
    assert hot == long
    assert hot[0] == status


@pytest.mark.parametrize("kind", PASSED)
async def test_both_ways_to_complete_a_chat_tell_the_same(api: Api, kind: str) -> None:
    body, headers, status = PASSED[kind]
    hot, long = await both(await api.sign_up(), COMPLETIONS, body, headers)
    assert hot == long
    assert hot[0] == status


async def test_both_ways_refuse_the_same_callers(api: Api) -> None:
    caller, stranger = await api.sign_up(), await api.sign_up()
    taken = f"/v1/sessions/{await caller.session()}/messages"
    reader = await new_key(caller, scopes=["read"])
    for who, path, headers, status in (
        (stranger, taken, {}, 404), (caller, ELSEWHERE, {}, 404), (caller, "/v1/sessions/session_x/messages", {}, 404),
        (reader, taken, {}, 403), (reader, COMPLETIONS, {}, 403),
        *((caller, path, {"authorization": sent}, 401) for path in (taken, COMPLETIONS) for sent in (
            "Bearer nonsense", "Bearer ", "Basic eDp5", "bearer",
        )),
    ):
        hot, long = await both(who, path, asked() if path is COMPLETIONS else said(), headers)
        assert hot == long, (path, headers)
        assert hot[0] == status


async def test_both_ways_hold_to_the_limits_and_count_once(api: Api) -> None:
    caller, boss = await api.sign_up(), await api.sign_up()
    await api.promote(boss)
    limited = {"limits": {"requests_per_day": 6}}
    assert (await boss.request("PATCH", f"/v1/admin/users/{caller.user['id']}", json=limited)).status_code == 200
    left = []
    for path, body in ((ELSEWHERE, said()), (ELSEWHERE, b"{"), (COMPLETIONS, b"{"), (COMPLETIONS, asked(n=2))):
        answer = await caller.request("POST", path, content=body, headers={"content-type": "application/json"})
        left.append(int(answer.headers["x-ratelimit-remaining-requests"]))
    assert left == list(range(left[0], left[0] - 4, -1))
    while (await caller.get("/v1/sessions")).status_code == 200:
        pass
    for path in (ELSEWHERE, COMPLETIONS):
        hot, long = await both(caller, path, said(), {})
        assert hot == long
        assert hot[0] == 429


async def test_the_framework_never_sees_what_is_plain(application: Application) -> None:
    seen: list[bool] = []

    async def watching(scope: Any, receive: Any, send: Any) -> None:
        await application.asgi(scope, receive, send)
        seen.append("route_handler" in scope)

    caller = await application.api.sign_up()
    page = f"/v1/sessions/{await caller.session()}/messages"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=watching), base_url="http://test") as http:
        near = Caller(http, caller.signed_up, caller.email)
        plain = (page, json.loads(said())), (COMPLETIONS, json.loads(asked(stream=True))), (ELSEWHERE, {"content": "a"})
        for path, fields in plain:
            await near.post(path, fields)
        await near.post(page, plain[0][1], headers=THE_LONG_WAY)
        for path in (page, f"{page}?a=b", f"{page}/"):
            await near.post(path, {})
    assert seen == [False] * 3 + [True] * 4
