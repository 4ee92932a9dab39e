"""What caches are told, and in which coding bodies come."""

import json
import zlib
from typing import Any

import brotli
import httpx
import pytest
from backports import zstd

from tests.support.api import PASSWORD, Api, Caller, error_of, new_email

PRIVATE = "private, no-store"
DECODERS: dict[str, Any] = {
    "zstd": zstd.decompress, "br": brotli.decompress, "gzip": lambda body: zlib.decompress(body, 31), "identity": bytes
}
PUBLIC = ("/v1/agents", "/v1/agents/einstein", "/schema/openapi.json", "/docs")
SAME_IN_304 = ("cache-control", "etag", "vary", "surrogate-key")


async def ask(api: Api, path: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[httpx.Response, bytes]:
    """Return the answer to somebody without cookies, and its body as it came over the line."""
    api.http.cookies.clear()
    named = {"accept-encoding": "identity"} | {name.replace("_", "-"): value for name, value in headers.items()}
    request = api.http.build_request(method, path, json=body, headers=named)
    answer = await api.http.send(request, stream=True)
    raw = b"".join([piece async for piece in answer.aiter_raw()])
    await answer.aclose()
    api.http.cookies.clear()
    return answer, raw


def bearer(caller: Caller) -> dict[str, str]:
    """Return the header of a signed-in caller."""
    return {"authorization": f"Bearer {caller.token}"}


def cookie(caller: Caller) -> dict[str, str]:
    """Return the header of a signed-in browser."""
    return {"cookie": f"ola_session={caller.token}"}


def directives(answer: httpx.Response) -> dict[str, str]:
    """Return what the answer tells caches."""
    pairs = (directive.strip().partition("=") for directive in answer.headers["cache-control"].split(","))
    return {name: value for name, _, value in pairs}


class CachingSuite:
    @pytest.mark.parametrize("path", PUBLIC)
    async def test_public_answers_may_be_shared_and_browsers_ask_each_time(self, api: Api, path: str) -> None:
        answer, _ = await ask(api, path)
        told = directives(answer)
        assert answer.status_code == 200
        assert set(told) == {"public", "max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"}
        assert told["max-age"] == "0"
        assert 0 < int(told["stale-while-revalidate"]) <= 1 < int(told["s-maxage"]) < int(told["stale-if-error"])
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["etag"].startswith('W/"')
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize("path", PUBLIC)
    async def test_who_has_it_already_gets_the_same_headers_and_no_body(self, api: Api, path: str) -> None:
        answer, _ = await ask(api, path)
        tag = answer.headers["etag"]
        for sent in (tag, tag.removeprefix("W/"), f'"x,y", {tag}', "*"):
            again, body = await ask(api, path, if_none_match=sent)
            assert (again.status_code, body) == (304, b"")
            assert [again.headers[name] for name in SAME_IN_304] == [answer.headers[name] for name in SAME_IN_304]
        for sent in ('W/"x"', f'"x,{tag[3:-1]}"', tag[3:-1], ""):
            assert (await ask(api, path, if_none_match=sent))[0].status_code == 200

    async def test_several_lines_of_tags_are_one_list(self, api: Api) -> None:
        api.http.cookies.clear()
        tag = (await ask(api, "/v1/agents"))[0].headers["etag"]
        lines = [("if-none-match", '"x"'), ("if-none-match", tag)]
        assert (await api.http.get("/v1/agents", headers=lines)).status_code == 304

    @pytest.mark.parametrize("path", [*PUBLIC, "/livez", "/readyz", "/v1/nowhere", "/v1/agents/nobody-of-this-name"])
    @pytest.mark.parametrize("accept", ["identity", "zstd"])
    async def test_head_is_answered_like_get_without_a_body(self, api: Api, path: str, accept: str) -> None:
        got, _ = await ask(api, path, accept_encoding=accept)
        head, body = await ask(api, path, "HEAD", accept_encoding=accept)
        assert (head.status_code, body) == (got.status_code, b"")
        assert dict(head.headers) | {"x-request-id": ""} == dict(got.headers) | {"x-request-id": ""}

    async def test_head_of_a_known_answer_is_a_304(self, api: Api) -> None:
        tag = (await ask(api, "/v1/agents"))[0].headers["etag"]
        assert (await ask(api, "/v1/agents", "HEAD", if_none_match=tag))[0].status_code == 304

    async def test_head_of_a_stream_does_not_wait_for_its_end(self, api: Api) -> None:
        caller = await api.sign_up()
        run = await caller.begin(await caller.session(await caller.agent("scripted-stalls")))
        head, body = await ask(api, f"/v1/runs/{run}/events", "HEAD", **bearer(caller))
        assert (head.status_code, body) == (200, b"")
        assert head.headers["content-type"].startswith("text/event-stream")
        assert (await caller.post(f"/v1/runs/{run}/cancel")).status_code == 200

    @pytest.mark.parametrize("path", PUBLIC)
    async def test_all_codings_are_one_answer_under_one_tag(self, api: Api, path: str) -> None:
        bare, whole = await ask(api, path)
        for coding in ("zstd", "br", "gzip"):
            answer, body = await ask(api, path, accept_encoding=coding)
            assert answer.headers["etag"] == bare.headers["etag"]
            assert answer.headers["content-length"] == str(len(body))
            assert DECODERS[answer.headers.get("content-encoding", "identity")](body) == whole
            assert answer.headers.get("content-encoding") == (coding if len(whole) >= 1_024 else None)

    @pytest.mark.parametrize("known_by", [bearer, cookie])
    async def test_what_a_caller_gets_by_being_signed_in_is_for_that_caller(self, api: Api, known_by: Any) -> None:
        caller = await api.sign_up()
        shared, body = await ask(api, "/v1/agents/einstein")
        own, same = await ask(api, "/v1/agents/einstein", **known_by(caller))
        assert set(directives(own)) == {"private", "no-cache"}
        assert {"Authorization", "Cookie", "Accept-Encoding"} == set(own.headers["vary"].split(", "))
        assert (own.headers["etag"], same) == (shared.headers["etag"], body)
        slug = await caller.agent("default")
        agent = (await caller.get(f"/v1/agents/{slug}")).json()
        for name in (slug, agent["id"]):
            mine, _ = await ask(api, f"/v1/agents/{name}", **known_by(caller))
            assert (mine.status_code, mine.headers["cache-control"]) == (200, PRIVATE)
            theirs, _ = await ask(api, f"/v1/agents/{name}")
            assert (theirs.status_code, theirs.headers["cache-control"]) == (404, PRIVATE)

    async def test_the_catalogue_is_the_same_for_everybody(self, api: Api) -> None:
        caller = await api.sign_up()
        await caller.agent("default")
        shared, body = await ask(api, "/v1/agents")
        for headers in ({"authorization": "Bearer nonsense"}, {"cookie": "ola_session=nonsense"}):
            answer, same = await ask(api, "/v1/agents", **headers)
            assert same == body
            assert [answer.headers[name] for name in SAME_IN_304] == [shared.headers[name] for name in SAME_IN_304]
        for headers in (bearer(caller), cookie(caller)):
            answer, same = await ask(api, "/v1/agents", **headers)
            assert (same, answer.headers["etag"]) == (body, shared.headers["etag"])
            assert answer.headers["cache-control"] == "private, no-cache"
            assert "x-ratelimit-limit-requests" in answer.headers

    @pytest.mark.parametrize("limit", [1, 20, 100])
    async def test_the_short_way_and_the_framework_answer_the_same(self, api: Api, limit: int) -> None:
        short, body = await ask(api, f"/v1/agents?limit={limit}", accept_encoding="br")
        long, same = await ask(api, f"/v1/agents?order=desc&limit={limit}", accept_encoding="br")
        assert (short.status_code, body) == (long.status_code, same)
        assert dict(short.headers) | {"x-request-id": ""} == dict(long.headers) | {"x-request-id": ""}

    async def test_errors_are_kept_by_nobody_on_public_paths_too(self, api: Api) -> None:
        for path, status, headers in (
            ("/v1/agents/nobody-of-this-name", 404, {}),
            ("/v1/agents/einstein", 401, {"authorization": "Bearer nonsense"}),
            ("/v1/agents/einstein", 401, {"cookie": "ola_session=nonsense"}),
            ("/v1/agents?limit=0", 422, {}),
            ("/schema/nothing.json", 404, {}),
            ("/docs/nothing", 404, {}),
        ):
            answer, _ = await ask(api, path, if_none_match="*", **headers)
            assert (answer.status_code, answer.headers["cache-control"]) == (status, PRIVATE), path
            assert "etag" not in answer.headers

    @pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/schema", "/v1/users/me", "/v1/realtime"])
    async def test_everything_else_is_kept_by_nobody(self, api: Api, path: str) -> None:
        assert (await ask(api, path))[0].headers["cache-control"] == PRIVATE

    @pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
    async def test_private_answers_are_compressed_and_kept_by_nobody(self, api: Api, coding: str) -> None:
        caller = await api.sign_up()
        session = await caller.session(await caller.agent("scripted"))
        await caller.say(session, "Tell me more. " * 200)
        answer, body = await ask(api, f"/v1/sessions/{session}/messages", accept_encoding=coding, **bearer(caller))
        assert (answer.headers["content-encoding"], answer.headers["vary"]) == (coding, "Accept-Encoding")
        assert answer.headers["cache-control"] == PRIVATE
        assert json.loads(DECODERS[coding](body))["data"][-1]["content"][0]["text"].startswith("Tell me more. Tell")

    async def test_events_are_never_compressed(self, api: Api) -> None:
        caller = await api.sign_up()
        run = await caller.begin(await caller.session(await caller.agent("scripted")))
        answer, body = await ask(api, f"/v1/runs/{run}/events", accept_encoding="gzip, identity;q=0", **bearer(caller))
        assert "content-encoding" not in answer.headers
        assert answer.headers["cache-control"] == "no-cache"
        assert b"event: end" in body

    async def test_an_answer_with_a_secret_in_it_is_compressed_by_nobody(self, api: Api) -> None:
        caller, email, takes = await api.sign_up(), new_email(), {"accept_encoding": "gzip, identity;q=0"}
        account = {"email": email, "password": PASSWORD, "name": "Somebody"}
        for path, body, status, headers in (
            ("/v1/users", account, 201, {}),
            ("/v1/auth/login", {"email": email, "password": PASSWORD}, 200, {}),
            ("/v1/api-keys", {"name": "laptop"}, 201, bearer(caller)),
            ("/v1/auth/refresh", {"refresh_token": caller.signed_up["refresh_token"]}, 200, {}),
        ):
            answer, raw = await ask(api, path, "POST", body, **takes, **headers)
            assert (answer.status_code, answer.headers["cache-control"]) == (status, "private, no-store, no-transform"), path
            assert "content-encoding" not in answer.headers
            assert {"access_token", "key"} & set(json.loads(raw))

    async def test_errors_come_in_the_callers_coding(self, api: Api) -> None:
        answer, body = await ask(api, "/v1/nowhere", accept_encoding="gzip, identity;q=0")
        assert json.loads(DECODERS["gzip"](body))["error"]["code"] == "not_found"
        assert error_of(await api.http.get("/v1/nowhere"), 404)["code"] == "not_found"
        assert answer.headers["content-encoding"] == "gzip"
