"""What callers see of their limits, over a real server, Postgres and Valkey."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from openai import AsyncOpenAI, RateLimitError

from domain.users.plan import Plan
from entrypoints.settings import Settings
from tests.contracts.http.administration import change
from tests.contracts.http.realtime_doors import refused
from tests.contracts.http.scopes import new_key
from tests.support.api import Caller, error_of
from tests.support.realtime import Node, listening

HEADERS = [f"x-ratelimit-{what}-{of}" for what in ("limit", "remaining", "reset") for of in ("requests", "tokens")]
_DURATION = re.compile(r"\d+ms|(?:\d+h)?(?:\d+m)?\d+s")
LIMITS = {
    "free_requests_per_minute": "40", "free_concurrent_streams": "2", "free_tokens_per_day": "6000",
    "free_message_characters": "300", "free_models": "scripted-stalls,scripted,default",
}

UI_SAID = {"role": "user", "parts": [{"type": "text", "text": "Hi"}]}


@pytest.fixture(scope="module")
async def node(shared_dsn: str, valkey_url: str) -> AsyncIterator[Node]:
    settings = Settings(catalog_dsn=shared_dsn, redis_url=valkey_url, plan_options=LIMITS, prices=["*=1/1"])
    async with listening(settings, signup_plan=Plan.FREE) as found:
        yield found


@pytest.fixture
async def caller(node: Node) -> Caller:
    return await node.api.sign_up()


def require_headers(answer: httpx.Response, remaining: int | None = None) -> None:
    assert [name for name in HEADERS if name not in answer.headers] == [], (answer.request.url, answer.headers)
    for of in ("requests", "tokens"):
        assert _DURATION.fullmatch(answer.headers[f"x-ratelimit-reset-{of}"])
    assert (answer.headers["x-ratelimit-limit-requests"], answer.headers["x-ratelimit-limit-tokens"]) == ("40", "6000")
    if remaining is not None:
        assert int(answer.headers["x-ratelimit-remaining-requests"]) in (remaining, remaining + 1)


async def used_up(caller: Caller) -> httpx.Response:
    """Return the first refusal."""
    for _ in range(60):
        answer = await caller.get("/v1/users/me")
        if answer.status_code != 200:
            return answer
    raise AssertionError("no limit")


async def test_every_answer_to_somebody_signed_in_tells_the_limits(node: Node, caller: Caller) -> None:
    session = await caller.session()
    page = f"/v1/sessions/{session}/messages"
    answers = [
        await caller.get(f"/v1/sessions/{session}"), await caller.get(page),
        await caller.get(page, headers={"cookie": "nothing=1"}), await caller.get("/v1/agents"),
        await caller.get("/v1/agents/einstein"), await caller.get("/v1/users/me"), await caller.get("/v1/usage"),
        await caller.get("/v1/sessions/session_x"), await caller.get(f"{page}?limit=0"), await caller.post("/v1/sessions", {}),
        await caller.request("POST", "/v1/sessions", content=b"x", headers={"content-type": "text/plain"}),
        await caller.request("POST", "/v1/sessions", content=b"{", headers={"content-type": "application/json"}),
        await caller.get("/v1/users/me", headers={"x-position": "nonsense"}), await caller.request("HEAD", "/v1/users/me"),
        await caller.say(session), await caller.say(session, "x" * 301), await caller.get("/v1/models"),
    ]
    for used, answer in enumerate(answers, 2):
        require_headers(answer, 40 - used)
    assert {answer.status_code for answer in answers} >= {200, 201, 400, 404, 415, 422}
    for path in ("/v1/agents", "/v1/agents/einstein"):
        assert not any(name in HEADERS for name in (await node.api.http.get(path)).headers)


async def test_a_request_over_the_limit_is_told_when_to_come_back(caller: Caller) -> None:
    refused = await used_up(caller)
    error = error_of(refused, 429)
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    require_headers(refused, 0)
    assert refused.headers["retry-after"] in ("1", "2")
    assert refused.headers["x-should-retry"] == "true"
    session = await caller.get("/v1/sessions/session_" + "0" * 26)
    assert (session.status_code, session.headers["x-ratelimit-remaining-requests"]) == (429, "0")


async def test_a_request_over_the_limit_is_refused_before_its_body_is_sent(node: Node, caller: Caller) -> None:
    await used_up(caller)
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    writer.write(
        f"POST /v1/sessions/session_{'0' * 26}/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {caller.token}\r\n"
        "content-type: application/json\r\ncontent-length: 500000\r\nexpect: 100-continue\r\n\r\n".encode()
    )
    async with asyncio.timeout(10):
        assert await reader.readline() == b"HTTP/1.1 429 Too Many Requests\r\n"
    writer.close()


async def test_replies_at_once_are_held_to_their_number_over_http_and_socket(node: Node, caller: Caller) -> None:
    sessions = [await caller.session() for _ in range(3)]
    agent = await caller.session(await caller.agent("scripted-stalls"))
    stalled = await caller.begin(agent)
    waiting = await caller.begin(agent, "later", on_active="enqueue")
    assert (await caller.say("session_" + "0" * 26)).status_code == 404
    assert (await caller.say(sessions[0], "x" * 301)).status_code == 422
    assert (await caller.say(sessions[0])).status_code == 201
    second = await caller.session(await caller.agent("scripted-stalls"))
    running = await caller.begin(second)
    refused = await caller.say(sessions[1])
    assert error_of(refused, 429)["code"] == "rate_limit_exceeded"
    assert "2 replies at once" in refused.json()["error"]["message"]
    async with node.tab(caller) as tab:
        await tab.tell("message.create", session_id=sessions[1], content="Hi", event_id="a")
        assert (await tab.until("error", event_id="a"))["error"]["code"] == "rate_limit_exceeded"
        assert (await caller.post(f"/v1/runs/{running}/cancel")).status_code == 200
        await tab.tell("message.create", session_id=sessions[1], content="Hi", event_id="b")
        await tab.until("run.created", event_id="b")
    for run in (waiting, stalled):
        await caller.post(f"/v1/runs/{run}/cancel")


async def test_tokens_are_counted_as_they_are_booked(caller: Caller) -> None:
    session = await caller.session()
    reply = (await caller.say(session)).json()
    spent = reply["run"]["usage"]
    answer = await caller.get("/v1/users/me")
    assert int(answer.headers["x-ratelimit-remaining-tokens"]) == 6_000 - spent["input_tokens"] - spent["output_tokens"]


async def test_a_model_that_the_plan_does_not_have_is_refused_by_name(caller: Caller) -> None:
    body = {"slug": "other-model", "name": "Test", "persona": "You are.", "model": "scripted-hangs"}
    error = error_of(await caller.post("/v1/agents", body), 403)
    assert (error["code"], error["param"]) == ("model_not_allowed", "model")


async def test_refusals_are_counted_by_limit(node: Node, caller: Caller) -> None:
    await used_up(caller)
    metrics = (await node.api.http.get("/metrics")).text
    found = re.search(r'onelast_refused_requests_total\{limit="requests_per_minute"\} ([\d.]+)', metrics)
    assert found is not None
    assert float(found[1]) >= 1
    assert json.dumps(caller.user["id"]) not in metrics


async def test_what_is_asked_over_a_socket_counts_as_requests(node: Node, caller: Caller) -> None:
    run = "run_" + "0" * 26
    async with node.tab(caller) as tab:
        for number in range(45):
            await tab.tell("run.follow" if number % 2 else "run.cancel", run_id=run, event_id=str(number))
        await tab.tell("ping", event_id="last")
        await tab.until("pong")
        refused = await tab.until("error", event_id="44")
    assert refused["error"]["code"] == "rate_limit_exceeded"
    error_of(await caller.get("/v1/users/me"), 429)


async def test_a_message_over_a_socket_is_as_long_as_the_plan_allows(node: Node, caller: Caller) -> None:
    session = await caller.session()
    async with node.tab(caller) as tab:
        await tab.tell("message.create", session_id=session, content="x" * 301, event_id="long")
        error = (await tab.until("error", event_id="long"))["error"]
        assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", "invalid", "content")
        assert "300 characters" in error["message"]
        await tab.tell("message.create", session_id=session, content="x" * 300, event_id="short")
        await tab.until("run.created", event_id="short")
    assert [one["role"] for one in await caller.messages(session)][:1] == ["user"]


async def test_a_key_without_the_scope_opens_no_socket(node: Node, caller: Caller) -> None:
    for scope, opens in (("read", False), ("account", False), ("agents", False), ("chat", True)):
        key = await new_key(caller, scopes=[scope])
        if opens:
            async with node.tab(key) as tab:
                await tab.quiet()
        else:
            assert await refused(node, key) == (403, "insufficient_scope")


async def test_an_agent_whose_model_the_plan_does_not_have_is_not_asked_in_any_dialect(node: Node, caller: Caller) -> None:
    owner = await node.api.sign_up()
    await node.api.promote(owner)
    await change(owner, owner, limits={"models": ["*"]})
    body = {"slug": "dear", "name": "Dear", "persona": "You are.", "model": "scripted-hangs", "visibility": "public"}
    agent = (await owner.post("/v1/agents", body)).json()["id"]
    session = await caller.session(agent)
    said = [{"role": "user", "content": "Hi"}]
    answers = [
        await caller.say(session), await caller.say(session, stream=True),
        await caller.post("/v1/responses", {"model": agent, "input": "Hi"}),
        await caller.post("/v1/responses", {"conversation": session, "input": "Hi"}),
        await caller.post("/v1/chat/completions", {"model": agent, "messages": said}),
        await caller.post("/v1/chat/completions", {"model": "scripted-hangs", "messages": said, "stream": True}),
        await caller.post("/v1/ai-sdk/chat", {"id": session, "messages": [UI_SAID]}),
    ]
    for answer in answers:
        error = error_of(answer, 403)
        assert (error["code"], error["param"]) == ("model_not_allowed", "model")
    async with node.tab(caller) as tab:
        await tab.tell("message.create", session_id=session, content="Hi", event_id="a")
        assert (await tab.until("error", event_id="a"))["error"]["code"] == "model_not_allowed"
    assert await caller.messages(session) == []
    assert (await caller.say(await caller.session())).status_code == 201


async def test_a_plan_that_loses_a_model_answers_nothing_anew_with_it(node: Node, caller: Caller) -> None:
    admin = await node.api.sign_up()
    await node.api.promote(admin)
    session = await caller.session(await caller.agent("scripted"))
    assert (await caller.say(session)).status_code == 201
    await change(admin, caller, limits={"models": ["default"]})
    again = {"id": session, "trigger": "regenerate-message", "messages": []}
    assert error_of(await caller.post("/v1/ai-sdk/chat", again), 403)["code"] == "model_not_allowed"
    assert len(await caller.messages(session)) == 2


@pytest.mark.parametrize("budget", ["0", "0.000000001"])
async def test_a_budget_that_is_spent_begins_no_reply_in_any_dialect(node: Node, caller: Caller, budget: str) -> None:
    admin, session = await node.api.sign_up(), await caller.session()
    await node.api.promote(admin)
    assert (await caller.say(session)).status_code == 201
    await change(admin, caller, monthly_budget=budget)
    said = [{"role": "user", "content": "Hi"}]
    for answer in (
        await caller.say(session), await caller.post("/v1/responses", {"model": "einstein", "input": "Hi"}),
        await caller.post("/v1/chat/completions", {"model": "scripted", "messages": said}),
        await caller.post("/v1/ai-sdk/chat", {"id": session, "messages": [UI_SAID]}),
    ):
        error = error_of(answer, 429)
        assert (error["type"], error["code"]) == ("rate_limit_error", "insufficient_quota")
        assert answer.headers["x-should-retry"] == "false"
        assert int(answer.headers["retry-after"]) <= 120
    client = AsyncOpenAI(api_key=caller.token, base_url=f"http://127.0.0.1:{node.port}/v1")
    async with client:
        with pytest.raises(RateLimitError) as raised:
            await client.chat.completions.create(model="scripted", messages=[{"role": "user", "content": "Hi"}])
    assert raised.value.code == "insufficient_quota"
    assert (await caller.get("/v1/usage")).json()["total"]["replies"] == 1
    await change(admin, caller, monthly_budget=None)
    assert (await caller.say(session)).status_code == 201
