"""What is answered in front of the framework is what the framework would answer: a cookie without meaning goes the long way."""

from typing import Any

import httpx
import pytest

from adapters.blobs.zstandard import ZstdDecompressor
from tests.support.api import Api, Caller, error_of

THE_LONG_WAY = {"cookie": "nothing=1"}
_OWN = {
    "x-request-id", "vary", "content-length", *(f"x-ratelimit-{what}-requests" for what in ("remaining", "reset")),
    "x-ratelimit-reset-tokens",
}


async def both(caller: Caller, path: str, **headers: str) -> list[tuple[int, Any, dict[str, str]]]:
    answers = [await caller.get(path, headers=headers | way) for way in ({}, THE_LONG_WAY)]
    told = [{name: value for name, value in answer.headers.items() if name not in _OWN} for answer in answers]
    return [(answer.status_code, _decoded(answer), headers) for answer, headers in zip(answers, told, strict=True)]


def _decoded(answer: httpx.Response) -> bytes:
    """Return the body; httpx knows no zstd without another package."""
    is_zstd = answer.headers.get("content-encoding") == "zstd"
    return ZstdDecompressor().decompress(answer.content) if is_zstd else answer.content


async def talked(api: Api) -> tuple[Caller, str, list[str]]:
    """Return somebody with a session of four messages, newest first."""
    caller = await api.sign_up()
    session = await caller.session()
    for text in ("One" * 400, "Two"):
        await caller.say(session, text)
    page = await caller.get(f"/v1/sessions/{session}/messages")
    return caller, session, [message["id"] for message in page.json()["data"]]


@pytest.mark.parametrize("coding", ["identity", "zstd", "br", "gzip", "identity;q=0, gzip"])
async def test_both_ways_say_the_same(api: Api, coding: str) -> None:
    caller, session, messages = await talked(api)
    path, newer = f"/v1/sessions/{session}", await caller.session()
    for asked in (
        "/v1/sessions", "/v1/sessions?limit=1", f"/v1/sessions?after={newer}", f"/v1/sessions?limit=5&before={session}",
        "/v1/sessions?archived=false", "/v1/sessions?order=asc",
        path, f"{path}/messages", f"{path}/messages?limit=2", f"{path}/messages?limit=100",
        f"{path}/messages?after={messages[1]}",
        f"{path}/messages?limit=1&before={messages[3]}", f"{path}/messages?order=asc", f"{path}/messages?limit=3&limit=2",
    ):
        hot, long = await both(caller, asked, **{"accept-encoding": coding})
        assert hot == long, asked
        assert hot[0] == 200


@pytest.mark.parametrize("query", [
    "limit=0", "limit=101", "limit=x", "limit=", "after=x", "after=message_00000000000000000000000000", "nonsense=1",
    "limit=1&order=up", "after=message_01&before=message_02",
])
async def test_both_ways_refuse_the_same(api: Api, query: str) -> None:
    caller, session, _ = await talked(api)
    for path in (f"/v1/sessions/{session}/messages", "/v1/sessions"):
        hot, long = await both(caller, f"{path}?{query}")
        assert hot[0] == long[0]


async def test_another_ones_session_and_none_are_not_found(api: Api) -> None:
    _, session, _ = await talked(api)
    stranger = await api.sign_up()
    for name in (session, f"{session}/messages", f"{session[:-1]}0", "session_x"):
        error_of(await stranger.get(f"/v1/sessions/{name}"), 404)


@pytest.mark.parametrize("authorization", ["Bearer ", "Bearer nonsense", "Basic eDp5", "bearer"])
async def test_a_bad_token_is_refused(api: Api, authorization: str) -> None:
    caller, session, _ = await talked(api)
    error_of(await caller.http.get(f"/v1/sessions/{session}", headers={"authorization": authorization}), 401)
    error_of(await caller.http.get(f"/v1/sessions/{session}"), 401)


async def test_a_revoked_token_reads_nothing_more(api: Api) -> None:
    caller, session, _ = await talked(api)
    assert (await caller.get(f"/v1/sessions/{session}")).status_code == 200
    assert (await caller.post("/v1/auth/logout")).status_code == 204
    error_of(await caller.get(f"/v1/sessions/{session}"), 401)


async def test_every_change_is_read_at_once(api: Api) -> None:
    caller, session, messages = await talked(api)
    path = f"/v1/sessions/{session}"
    await caller.request("PATCH", path, json={"title": "Anew"})
    assert (await caller.get(path)).json()["title"] == "Anew"
    await caller.say(session, "Three")
    assert (await caller.get(path)).json()["head_seq"] == 6
    assert len((await caller.get(f"{path}/messages")).json()["data"]) == len(messages) + 2
    assert (await caller.get("/v1/sessions")).json()["data"][0]["head_seq"] == 6
    await caller.request("DELETE", path)
    for gone in (path, f"{path}/messages"):
        error_of(await caller.get(gone), 404)
    assert (await caller.get("/v1/sessions")).json()["data"] == []


async def test_both_ways_are_counted_alike(api: Api) -> None:
    caller, session, _ = await talked(api)

    async def counted() -> list[str]:
        text = (await api.http.get("/metrics")).text
        begins = 'onelast_http_answers_total{method="GET",path="/v1/sessions'
        return [line for line in text.splitlines() if line.startswith(begins)]

    paths = ("/v1/sessions", f"/v1/sessions/{session}", f"/v1/sessions/{session}/messages")
    for path in paths:
        await both(caller, path)
    before = await counted()
    for path in paths:
        await both(caller, path)
    assert len(await counted()) == len(before)
    assert await counted() != before
