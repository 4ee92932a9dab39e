"""Models and chat completions in OpenAI's dialect."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from adapters.models.scripted import Script, ScriptedModel
from application.ports.chat_model import ModelFailed
from tests.support.api import Api, Caller, error_of

HELLO = {"role": "user", "content": "Hello, you!"}
REPLY = Script().text
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


async def complete(caller: Caller, model: str = "scripted", *messages: dict[str, Any], **fields: Any) -> httpx.Response:
    """Return the answer to a request for a completion."""
    headers = fields.pop("headers", {})
    body = {"model": model, "messages": list(messages) or [HELLO], **fields}
    return await caller.post("/v1/chat/completions", body, headers=headers)


def chunks_of(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the chunks of a stream, having looked at its form and that `[DONE]` stands at its end."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    *events, done, rest = answer.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    return chunks


def said(chunks: list[dict[str, Any]]) -> str:
    """Return the text of the chunks."""
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


async def booked(caller: Caller) -> list[tuple[str, int, int, int]]:
    """Return model, replies and tokens of each line of the caller's usage."""
    days = (await caller.get("/v1/usage")).json()["data"]
    return sorted((day["model"], day["replies"], day["input_tokens"], day["output_tokens"]) for day in days)


@contextmanager
def scripts(scripted: ScriptedModel, **added: Script) -> Iterator[None]:
    """Let the model have these scripts for a while."""
    scripted.scripts |= added
    yield
    for name in added:
        del scripted.scripts[name]


class ModelsSuite:
    async def test_agents_and_models_of_the_providers_are_the_models(self, api: Api) -> None:
        caller, other = await api.sign_up(), await api.sign_up()
        own, foreign = await caller.agent("scripted"), await other.agent("scripted")
        listed = (await caller.get("/v1/models")).json()
        named = {model["id"]: model for model in listed["data"]}
        assert listed["object"] == "list"
        assert {"einstein", "assistant", "scripted", own} <= set(named)
        assert foreign not in named
        assert all(set(model) == {"id", "object", "created", "owned_by"} for model in listed["data"])
        assert named["scripted"] == {"id": "scripted", "object": "model", "created": 0, "owned_by": "provider"}
        assert (named["einstein"]["owned_by"], named[own]["owned_by"]) == ("onelast", caller.user["id"])
        for name in ("einstein", "scripted", own):
            assert (await caller.get(f"/v1/models/{name}")).json() == named[name]

    async def test_who_may_not_see_an_agent_is_told_that_there_is_no_such_model(self, api: Api) -> None:
        caller, other = await api.sign_up(), await api.sign_up()
        for name in (await other.agent("scripted"), "nobody", "with/slash"):
            for answer in (await caller.get(f"/v1/models/{name}"), await complete(caller, name)):
                error = error_of(answer, 404)
                assert (error["code"], error["param"]) == ("model_not_found", "model")

    async def test_a_strangers_agent_does_not_stand_in_for_a_providers_model(self, api: Api, scripted: ScriptedModel) -> None:
        caller, stranger = await api.sign_up(), await api.sign_up()
        slug = await stranger.agent("scripted")
        agent = (await stranger.get(f"/v1/agents/{slug}")).json()
        await stranger.request("PATCH", f"/v1/agents/{agent['id']}", json={"visibility": "public"})
        assert (await caller.get(f"/v1/models/{slug}")).json()["owned_by"] == stranger.user["id"]
        with scripts(scripted, **{slug: Script()}):
            assert (await caller.get(f"/v1/models/{slug}")).json()["owned_by"] == "provider"
            assert (await stranger.get(f"/v1/models/{slug}")).json()["owned_by"] == stranger.user["id"]
            listed = {model["id"]: model["owned_by"] for model in (await caller.get("/v1/models")).json()["data"]}
            assert listed[slug] == "provider"

    async def test_while_no_provider_answers_the_agents_are_listed_all_the_same(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        scripted.down = True
        try:
            named = {model["id"]: model["owned_by"] for model in (await caller.get("/v1/models")).json()["data"]}
        finally:
            scripted.down = False
        assert ("einstein" in named, "provider" in named.values()) == (True, False)

    async def test_strangers_get_neither_models_nor_completions(self, api: Api) -> None:
        for answer in (
            await api.http.get("/v1/models"), await api.http.get("/v1/models/einstein"),
            await api.http.post("/v1/chat/completions", json={}),
        ):
            assert error_of(answer, 401)["type"] == "authentication_error"


class CompletionsSuite:
    async def test_a_completion_is_the_providers_under_the_name_that_was_asked_for(self, api: Api) -> None:
        caller = await api.sign_up()
        first, second = [(await complete(caller)).json() for _ in range(2)]
        assert first["choices"][0]["message"] == {"role": "assistant", "content": REPLY}
        assert (first["object"], first["model"], first["choices"][0]["finish_reason"]) == ("chat.completion", "scripted", "stop")
        assert first["usage"] == {"prompt_tokens": 2, "completion_tokens": 9, "total_tokens": 11}
        assert first["id"].startswith("chatcmpl-")
        assert first["id"] != second["id"]

    async def test_a_stream_has_the_same_words_in_chunks_and_no_usage_unless_asked(self, api: Api) -> None:
        caller = await api.sign_up()
        plain = chunks_of(await complete(caller, stream=True))
        assert said(plain) == REPLY
        assert [chunk for chunk in plain if "usage" in chunk] == []
        counted = chunks_of(await complete(caller, stream=True, stream_options={"include_usage": True}))
        assert (said(counted), counted[-1]["choices"]) == (REPLY, [])
        assert counted[-1]["usage"] == {"prompt_tokens": 2, "completion_tokens": 9, "total_tokens": 11}
        for chunks in (plain, counted):
            assert {chunk["model"] for chunk in chunks} == {"scripted"}
            assert len({chunk["id"] for chunk in chunks}) == 1
        assert plain[0]["id"] != counted[0]["id"]

    async def test_an_agents_persona_comes_first_and_its_sampling_where_the_caller_chose_none(
        self, api: Api, scripted: ScriptedModel
    ) -> None:
        caller = await api.sign_up()
        slug = await caller.agent("scripted")
        agent = (await caller.get(f"/v1/agents/{slug}")).json()
        sampling = {"temperature": 0.25, "max_tokens": 4}
        await caller.request("PATCH", f"/v1/agents/{agent['id']}", json={"sampling": sampling})
        answer = (await complete(caller, slug)).json()
        asked = scripted.completions[-1]
        assert (asked.model, answer["model"]) == ("scripted", slug)
        assert list(asked.messages) == [{"role": "system", "content": "You are a test."}, HELLO]
        assert asked.options == sampling
        await complete(caller, agent["id"], temperature=1.5, max_completion_tokens=9)
        assert scripted.completions[-1].options == {"temperature": 1.5, "max_completion_tokens": 9}

    async def test_all_that_is_supported_reaches_the_provider_as_it_was_sent(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
        call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
        messages = [
            {"role": "system", "content": "Be kind."}, {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image], "name": "ada"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "content": "Rain.", "tool_call_id": "call_1"}, HELLO,
        ]
        schema = {"name": "answer", "schema": {"type": "object", "minimum": 0.1}, "strict": True}
        options: dict[str, Any] = {
            "temperature": 0.0, "top_p": 0.5, "max_tokens": 3, "stop": ["a", "b"], "presence_penalty": -1.5,
            "frequency_penalty": 2.0, "seed": -7, "logit_bias": {"50256": -100.0}, "logprobs": True, "top_logprobs": 2,
            "response_format": {"type": "json_schema", "json_schema": schema}, "tools": [WEATHER],
            "tool_choice": {"type": "function", "function": {"name": "weather"}}, "parallel_tool_calls": False,
            "reasoning_effort": "low", "user": "u-1", "metadata": {"a": "b"},
        }
        answer = await complete(caller, "scripted", *messages, **options, n=1, store=False, stream=None, stream_options=None)
        assert answer.status_code == 200, answer.text
        asked = scripted.completions[-1]
        assert list(asked.messages) == messages
        assert asked.options == options

    async def test_tool_calls_pass_unharmed(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        with scripts(scripted, calling=Script(tokens=1, calls="weather", counts_usage=False)):
            whole = (await complete(caller, "calling", tools=[WEATHER])).json()["choices"][0]
            chunks = chunks_of(await complete(caller, "calling", tools=[WEATHER], stream=True))
        call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"x":1}'}}
        assert (whole["finish_reason"], whole["message"]["tool_calls"]) == ("tool_calls", [call])
        deltas = [delta for chunk in chunks for delta in chunk["choices"][0]["delta"].get("tool_calls", [])]
        assert [delta["function"]["arguments"] for delta in deltas] == ["", '{"x":1}']
        assert (deltas[0]["id"], chunks[-1]["choices"][0]["finish_reason"]) == ("call_1", "tool_calls")
        # Names and arguments count as what was written, where the provider does not count.
        assert (await booked(caller))[0][3] > 0

    @pytest.mark.parametrize(
        ("fields", "param", "code"),
        [
            ({"functions": []}, "functions", "unsupported_parameter"),
            ({"service_tier": "auto"}, "service_tier", "unsupported_parameter"),
            ({"stream": True, "stream_options": {"include_obfuscation": True}}, "stream_options.include_obfuscation",
             "unsupported_parameter"),
            ({"n": 2}, "n", "unsupported_value"),
            ({"temperature": 2.5}, "temperature", "invalid_value"),
            ({"temperature": "hot"}, "temperature", "invalid_value"),
            ({"max_tokens": 0}, "max_tokens", "invalid_value"),
            ({"stop": ["a"] * 5}, "stop", "invalid_value"),
            ({"seed": 2**70}, "seed", "invalid_value"),
            ({"messages": []}, "messages", "invalid_value"),
            ({"messages": [{"role": "oracle", "content": "?"}]}, "messages[0].role", "invalid_value"),
            ({"messages": [HELLO, {"role": "user", "content": 3}]}, "messages[1].content", "invalid_value"),
            ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0].type",
             "invalid_value"),
            ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0].type", "invalid_value"),
            ({"tool_choice": "auto"}, "tool_choice", "invalid"),
            ({"top_logprobs": 3}, "top_logprobs", "invalid"),
            ({"stream_options": {"include_usage": True}}, "stream_options", "invalid"),
            ({"metadata": {str(number): "" for number in range(17)}}, "metadata", "invalid"),
            ({"store": True, "tools": [WEATHER]}, "store", "invalid"),
            ({"store": True, "messages": [{"role": "system", "content": "Hm."}]}, "messages", "invalid"),
        ],
    )
    async def test_what_is_not_supported_is_refused_by_name_and_nobody_is_asked(
        self, api: Api, scripted: ScriptedModel, fields: dict[str, Any], param: str, code: str
    ) -> None:
        caller, before = await api.sign_up(), len(scripted.completions)
        error = error_of(await complete(caller, **({"model": "scripted"} | fields)), 400)
        assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
        assert (len(scripted.completions), await booked(caller)) == (before, [])

    @pytest.mark.parametrize(
        "broken", [b'"\xff"', b"[" * 50_000 + b"]" * 50_000, b"1e400", b'"\\ud800"'], ids=["bytes", "deep", "huge", "half"]
    )
    async def test_a_body_that_is_no_json_is_a_bad_request(self, api: Api, broken: bytes) -> None:
        caller = await api.sign_up()
        tool = b'{"type": "function", "function": {"name": "f", "parameters": {"x": %b}}}' % broken
        body = b'{"model": "scripted", "messages": [{"role": "user", "content": "?"}], "tools": [%b]}' % tool
        headers = {"content-type": "application/json"}
        answer = await caller.request("POST", "/v1/chat/completions", content=body, headers=headers)
        assert error_of(answer, 400)["code"] == "malformed_request"

    async def test_what_the_provider_refuses_is_told_in_its_words(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        with scripts(scripted, toolless=Script(refuses=("toolless does not support tools", "tools"))):
            for stream in (False, True):
                error = error_of(await complete(caller, "toolless", tools=[WEATHER], stream=stream), 400)
                assert (error["message"], error["param"]) == ("toolless does not support tools", "tools")
        assert await booked(caller) == []

    async def test_a_provider_that_fails_before_the_first_word_is_a_503_that_leaks_nothing(self, api: Api) -> None:
        caller = await api.sign_up()
        for stream in (False, True):
            answer = await complete(caller, "scripted-refuses", stream=stream)
            error = error_of(answer, 503)
            assert (error["code"], answer.headers["retry-after"]) == ("model_unavailable", "1")
            assert "script" not in error["message"]
        assert await booked(caller) == []

    async def test_a_provider_lost_in_the_middle_is_an_error_in_the_stream(self, api: Api) -> None:
        caller = await api.sign_up()
        answer = await complete(caller, "scripted-breaks", stream=True)
        *events, last, rest = answer.text.split("\n\n")
        error = json.loads(last.removeprefix("data: "))["error"]
        assert (answer.status_code, rest, len(events)) == (200, "", 3)
        assert (error["code"], error["request_id"]) == ("model_unavailable", answer.headers["x-request-id"])
        # What came is booked, by estimate.
        ((model, replies, read, wrote),) = await booked(caller)
        assert (model, replies, min(read, wrote) > 0) == ("scripted-breaks", 1, True)

    async def test_usage_is_booked_once_whether_it_is_told_or_not(self, api: Api) -> None:
        caller = await api.sign_up()
        for stream in (False, True):
            await complete(caller, stream=stream)
        assert await booked(caller) == [("scripted", 2, 4, 18)]
        counted = chunks_of(await complete(caller, "scripted-uncounted", stream=True, stream_options={"include_usage": True}))
        whole = (await complete(caller, "scripted-uncounted")).json()
        usage = counted[-1]["usage"]
        assert (whole["usage"], usage["prompt_tokens"] > 0, usage["completion_tokens"] > 0) == (usage, True, True)
        told = ("scripted-uncounted", 2, 2 * usage["prompt_tokens"], 2 * usage["completion_tokens"])
        assert (await booked(caller))[1] == told

    async def test_nothing_is_stored_unless_the_caller_says_so(self, api: Api) -> None:
        caller = await api.sign_up()
        for stream in (False, True):
            assert "location" not in (await complete(caller, "einstein", stream=stream)).headers
        assert (await caller.get("/v1/sessions")).json()["data"] == []

    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize(("model", "agent"), [("einstein", "einstein"), ("scripted", "assistant")])
    async def test_a_stored_exchange_is_a_session_of_one_turn(self, api: Api, model: str, agent: str, stream: bool) -> None:
        caller = await api.sign_up()
        parts = [{"type": "text", "text": "And now?"}]
        messages = [HELLO, {"role": "assistant", "content": "Yes?"}, {"role": "user", "content": parts}]
        answer = await complete(caller, model, *messages, stream=stream, store=True, metadata={"shelf": "physics"})
        session = (await caller.get(answer.headers["location"])).json()
        wanted = (await caller.get(f"/v1/agents/{agent}")).json()["id"]
        assert (session["agent_id"], session["metadata"], session["head_seq"]) == (wanted, {"shelf": "physics"}, 2)
        stored = await caller.messages(session["id"])
        assert [(one["role"], one["status"], one["content"][0]["text"]) for one in stored] == [
            ("user", "completed", "And now?"), ("assistant", "completed", REPLY)
        ]
        run = (await caller.get(f"/v1/runs/{stored[0]['run_id']}")).json()
        ((_, replies, read, wrote),) = await booked(caller)
        assert (run["status"], replies, run["usage"]) == ("completed", 1, {"input_tokens": read, "output_tokens": wrote})
        events = await caller.events(run["id"])
        assert [event["type"] for event in events] == ["run.created", "message.delta", "message.completed", "end"]
        assert (await caller.say(session["id"])).status_code == 201

    async def test_a_stored_exchange_that_broke_off_keeps_what_was_said(self, api: Api) -> None:
        caller = await api.sign_up()
        answer = await complete(caller, "scripted-breaks", stream=True, store=True)
        _, reply = await caller.messages(answer.headers["location"].rpartition("/")[2])
        assert (reply["status"], REPLY.startswith(reply["content"][0]["text"])) == ("failed", True)
        assert (await caller.get(f"/v1/runs/{reply['run_id']}")).json()["error"]["code"] == "model_unavailable"

    @pytest.mark.parametrize("stream", [False, True])
    async def test_a_completion_with_a_key_is_made_and_booked_once(self, api: Api, stream: bool) -> None:
        caller = await api.sign_up()
        key = {"idempotency-key": "once"}
        assert (await complete(caller, stream=stream, headers=key)).status_code == 200
        again = await complete(caller, stream=stream, headers=key)
        assert error_of(again, 409)["code"] == "idempotency_answer_gone"
        assert again.headers["x-should-retry"] == "false"
        assert error_of(await complete(caller, "einstein", headers=key), 422)["code"] == "idempotency_key_reused"
        assert [line[1] for line in await booked(caller)] == [1]

    @pytest.mark.parametrize("store", [False, True])
    async def test_the_same_key_at_the_same_moment_gets_nothing_unbooked(
        self, api: Api, scripted: ScriptedModel, store: bool
    ) -> None:
        caller = await api.sign_up()
        with scripts(scripted, slow=Script(tokens=5, pace=0.02)):
            answers = await asyncio.gather(*(
                complete(caller, "slow", stream=True, store=store, headers={"idempotency-key": "at-once"}) for _ in range(3)
            ))
        served = [answer for answer in answers if answer.status_code == 200]
        assert len(served) > 1
        assert [line[1] for line in await booked(caller)] == [len(served)]
        assert len((await caller.get("/v1/sessions")).json()["data"]) == store

    async def test_a_request_that_failed_may_come_again_with_its_key(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        key = {"idempotency-key": "again"}
        with scripts(scripted, fickle=Script(fail_at=0, failure=ModelFailed)):
            assert (await complete(caller, "fickle", headers=key)).status_code == 503
            scripted.scripts["fickle"] = Script()
            assert (await complete(caller, "fickle", headers=key)).status_code == 200

    async def test_many_at_once_are_not_mixed_up(self, api: Api, scripted: ScriptedModel) -> None:
        caller = await api.sign_up()
        names = [f"m{number}" for number in range(8)]
        with scripts(scripted, **{name: Script(tokens=5, words=(f"{name} ",), pace=0.001) for name in names}):
            answers = await asyncio.gather(*(complete(caller, name, stream=True) for name in names))
        told = [(said(chunks), {chunk["model"] for chunk in chunks}) for chunks in map(chunks_of, answers)]
        assert told == [(f"{name} " * 5, {name}) for name in names]
