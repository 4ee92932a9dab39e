"""Chat completions through the official SDK, over real Postgres, Valkey and a provider on loopback."""

import asyncio
import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.contracts.http.completions import booked
from tests.integration.models.provider import COUNTED, DONE, HELLO, Provider, event, raw, streaming, text, whole
from tests.integration.openai.conftest import Counted
from tests.support.api import Caller
from tests.support.processes import until
from tests.support.realtime import Node

ASK: list[Any] = [{"role": "user", "content": "Hello!"}]
USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9, "prompt_tokens_details": {"cached_tokens": 3}}
WEATHER: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def refusing(status: int, **error: Any) -> Any:
    """Return an answer with an error of OpenAI's shape."""
    return whole(status, json.dumps({"error": error}).encode())


def completed(message: dict[str, Any], finish: str = "stop", **more: Any) -> Any:
    """Return a whole completion."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "inner", "choices": [choice], **more}
    return whole(200, json.dumps(body).encode())


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    """Return an event as OpenAI itself writes it when it counts."""
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    body = {"id": "chatcmpl-inner", "object": "chat.completion.chunk", "created": 17, "model": "inner-2026", "choices": choices}
    return raw(b"data: " + json.dumps(body | {"usage": None} | more, separators=(",", ":")).encode() + b"\n\n")


async def read(stream: Any) -> list[Any]:
    """Return the chunks of a stream."""
    return [one async for one in stream]


def said(chunks: list[Any]) -> str:
    """Return their text."""
    return "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)


class TestModels:
    async def test_agents_and_models_are_listed_and_retrieved(self, client: AsyncOpenAI, provider: Provider) -> None:
        ids = [model.id async for model in client.models.list()]
        assert {"einstein", "m", "plain"} <= set(ids)
        model = await client.models.retrieve("einstein")
        assert (model.id, model.owned_by, model.object) == ("einstein", "onelast", "model")
        with pytest.raises(openai.NotFoundError) as missing:
            await client.models.retrieve("no/such")
        assert (missing.value.code, missing.value.param) == ("model_not_found", "model")


class TestWhole:
    async def test_what_the_provider_says_comes_under_our_names(self, client: AsyncOpenAI, provider: Provider) -> None:
        provider.answers[:] = [completed({"content": "Hi."}, usage=USAGE, system_fingerprint="fp_1")]
        answer = await client.chat.completions.create(
            model="plain", messages=ASK, temperature=0.5, stop=["."], max_tokens=5, seed=3, user="u"
        )
        assert (answer.choices[0].message.content, answer.model, answer.system_fingerprint) == ("Hi.", "plain", "fp_1")
        assert answer.id.startswith("chatcmpl-")
        assert answer.usage is not None
        assert answer.usage.model_dump(exclude_none=True) == USAGE
        assert provider.asked[-1].body == {
            "model": "plain", "messages": ASK, "temperature": 0.5, "stop": ["."], "max_tokens": 5, "seed": 3, "user": "u"
        }
        assert provider.asked[-1].headers["authorization"] == "Bearer key-of-the-provider"

    async def test_a_turn_with_tools_goes_round(self, client: AsyncOpenAI, provider: Provider) -> None:
        call = {"id": "call_7", "type": "function", "function": {"name": "weather", "arguments": '{"at":"sea"}'}}
        provider.answers[:] = [
            completed({"content": None, "refusal": None, "annotations": [], "tool_calls": [call]}, "tool_calls"),
            completed({"content": "It rains."}),
        ]
        first = await client.chat.completions.create(model="plain", messages=ASK, tools=[WEATHER], tool_choice="required")
        message = first.choices[0].message
        assert message.tool_calls is not None
        assert message.tool_calls[0].model_dump() == call
        result: Any = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "rain"}
        again: list[Any] = [*ASK, message, result]
        second = await client.chat.completions.create(model="plain", messages=again, tools=[WEATHER])
        assert second.choices[0].message.content == "It rains."
        assert [one["role"] for one in provider.asked[-1].body["messages"]] == ["user", "assistant", "tool"]
        assert provider.asked[-1].body["messages"][1]["tool_calls"] == [call]

    async def test_a_parsed_completion_has_its_schema_passed_on(self, client: AsyncOpenAI, provider: Provider) -> None:
        provider.answers[:] = [completed({"content": '{"x":1}'})]
        schema: Any = {"type": "json_schema", "json_schema": {"name": "point", "schema": {"type": "object"}, "strict": True}}
        await client.chat.completions.create(model="plain", messages=ASK, response_format=schema)
        assert provider.asked[-1].body["response_format"] == schema


class TestStreams:
    async def test_chunks_come_as_the_provider_writes_them_and_no_usage_unless_asked(
        self, client: AsyncOpenAI, caller: Caller, provider: Provider
    ) -> None:
        counts = chunk({}, None, choices=[], usage=USAGE)
        answer = streaming(chunk({"role": "assistant", "content": ""}), chunk({"content": "a\"id\":[DONE] "}),
                           chunk({"content": "b"}), chunk({}, "stop"), counts, DONE)
        provider.answers[:] = [answer]
        plain = await read(await client.chat.completions.create(model="plain", messages=ASK, stream=True))
        counted = await read(await client.chat.completions.create(
            model="plain", messages=ASK, stream=True, stream_options={"include_usage": True}
        ))
        assert (said(plain), plain[0].created, plain[0].choices[0].delta.role) == ("a\"id\":[DONE] b", 17, "assistant")
        assert [one.usage for one in plain] == [None] * 4
        assert (counted[-1].choices, counted[-1].usage.model_dump(exclude_none=True)) == ([], USAGE)
        for chunks in (plain, counted):
            assert {one.model for one in chunks} == {"plain"}
            assert len({one.id for one in chunks}) == 1
        assert provider.asked[-1].body["stream_options"] == {"include_usage": True}
        assert await booked(caller) == [("plain", 2, 14, 4)]

    async def test_events_cut_anywhere_and_ended_by_any_line_end_are_whole_again(
        self, client: AsyncOpenAI, provider: Provider
    ) -> None:
        lines = b'data: {"choices": [{"index": 0, "delta": {"content": "Hel"}}]}\r\n\r\n: ping\r\n\r\n'
        lines += b'data: {"choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}]}\r\n\r\n'
        provider.answers[:] = [streaming(*(raw(lines[at : at + 9]) for at in range(0, len(lines), 9)))]
        chunks = await read(await client.chat.completions.create(model="plain", messages=ASK, stream=True))
        assert (said(chunks), len({one.id for one in chunks})) == ("Hello", 1)

    async def test_usage_that_comes_with_the_last_words_is_told_as_openai_does(
        self, client: AsyncOpenAI, caller: Caller, provider: Provider
    ) -> None:
        provider.answers[:] = [streaming(text("Hel"), chunk({"content": "lo"}, "stop", usage=USAGE), DONE)]
        chunks = await read(await client.chat.completions.create(
            model="plain", messages=ASK, stream=True, stream_options={"include_usage": True}
        ))
        assert [one.usage is None for one in chunks] == [True, True, False]
        assert (said(chunks), await booked(caller)) == ("Hello", [("plain", 1, 7, 2)])

    async def test_a_server_that_knows_no_stream_options_is_asked_without(
        self, client: AsyncOpenAI, caller: Caller, provider: Provider
    ) -> None:
        uncounted = streaming(text("Hello"), text("", "stop"), DONE)
        provider.answers[:] = [refusing(400, message="unknown field stream_options"), uncounted]
        chunks = await read(await client.chat.completions.create(
            model="plain", messages=ASK, stream=True, stream_options={"include_usage": True}
        ))
        assert (said(chunks), chunks[-1].usage.completion_tokens > 0) == ("Hello", True)
        assert "stream_options" not in provider.asked[-1].body
        assert (await booked(caller))[0][3] == chunks[-1].usage.completion_tokens

    async def test_tool_calls_come_in_the_same_pieces(self, client: AsyncOpenAI, provider: Provider) -> None:
        begun = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}
        more = {"index": 0, "function": {"arguments": '{"at":'}}
        rest = {"index": 0, "function": {"arguments": '"sea"}'}}
        pieces = [chunk({"tool_calls": [one]}) for one in (begun, more, rest)]
        provider.answers[:] = [streaming(*pieces, chunk({}, "tool_calls"), DONE)]
        chunks = await read(await client.chat.completions.create(model="plain", messages=ASK, tools=[WEATHER], stream=True))
        calls = [one.choices[0].delta.tool_calls[0] for one in chunks[:3]]
        assert (calls[0].id, calls[0].function.name) == ("call_1", "weather")
        assert "".join(call.function.arguments for call in calls) == '{"at":"sea"}'
        assert chunks[3].choices[0].finish_reason == "tool_calls"

    async def test_who_leaves_in_the_middle_ends_the_generation_and_pays_for_what_came(
        self, client: AsyncOpenAI, caller: Caller, provider: Provider
    ) -> None:
        provider.answers[:] = [streaming(chunk({"content": "Once upon a time"}), then="hang")]
        stream = await client.chat.completions.create(model="plain", messages=ASK, stream=True)
        assert (await anext(stream)).choices[0].delta.content == "Once upon a time"
        await stream.close()
        await asyncio.wait_for(provider.left.wait(), 30)

        async def is_booked() -> bool:
            return bool(await booked(caller))

        await until(is_booked)
        ((model, replies, took, wrote),) = await booked(caller)
        assert (model, replies, min(took, wrote) > 0) == ("plain", 1, True)

    async def test_connections_to_the_provider_are_used_again(self, client: AsyncOpenAI, provider: Provider) -> None:
        for _ in range(3):
            await read(await client.chat.completions.create(model="plain", messages=ASK, stream=True))
        assert len({asked.connection for asked in provider.asked}) == 1

    async def test_curl_sees_plain_events(self, node: Node, caller: Caller, provider: Provider) -> None:
        provider.answers[:] = [streaming(chunk({"content": "Hello"}), chunk({}, "stop"), DONE)]
        body = json.dumps({"model": "m", "stream": True, "messages": ASK})
        curl = await asyncio.create_subprocess_exec(
            "curl", "-sN", "--noproxy", "*", "-H", f"Authorization: Bearer {caller.token}",
            "-H", "Content-Type: application/json", "-d", body, f"http://127.0.0.1:{node.port}/v1/chat/completions",
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await curl.communicate()
        first, last, done, rest = out.decode().split("\n\n")
        assert (json.loads(first.removeprefix("data: "))["model"], done, rest) == ("m", "data: [DONE]", "")
        assert json.loads(last.removeprefix("data: "))["choices"][0]["finish_reason"] == "stop"


class TestErrors:
    async def test_a_wrong_key_is_an_authentication_error(self, node: Node, client: AsyncOpenAI) -> None:
        with pytest.raises(openai.AuthenticationError):
            await client.with_options(api_key="ola_wrong").chat.completions.create(model="m", messages=ASK)

    async def test_what_is_not_supported_is_a_bad_request_that_names_it_and_is_not_tried_again(
        self, counted: Counted, provider: Provider
    ) -> None:
        for named, value in (("service_tier", "auto"), ("n", 2), ("temperature", 9), ("modalities", ["audio"])):
            with pytest.raises(openai.BadRequestError) as refused:
                await counted.client.chat.completions.create(model="m", messages=ASK, **{named: value})  # type: ignore[call-overload]
            assert refused.value.param == named
        assert (counted.requests, provider.asked) == (4, [])

    async def test_a_refusal_of_the_providers_comes_with_its_words(self, client: AsyncOpenAI, provider: Provider) -> None:
        provider.answers[:] = [refusing(400, message="m does not support tools key-of-the-provider", param="tools")]
        for stream in (False, True):
            with pytest.raises(openai.BadRequestError) as refused:
                await client.chat.completions.create(model="m", messages=ASK, tools=[WEATHER], stream=stream)  # type: ignore[call-overload]
            assert (refused.value.param, refused.value.body["message"]) == ("tools", "m does not support tools ***")  # type: ignore[index]

    @pytest.mark.parametrize("status", [401, 403, 429, 500])
    async def test_trouble_with_the_provider_is_ours_and_leaks_nothing(
        self, client: AsyncOpenAI, provider: Provider, status: int
    ) -> None:
        provider.answers[:] = [refusing(status, message="the account of the operator is overdue"), HELLO]
        with pytest.raises(openai.InternalServerError) as failed:
            await client.with_options(max_retries=0).chat.completions.create(model="m", messages=ASK, stream=True)
        assert (failed.value.status_code, failed.value.code) == (503, "model_unavailable")
        assert "operator" not in str(failed.value)
        await read(await client.chat.completions.create(model="m", messages=ASK, stream=True))

    async def test_the_sdk_tries_again_what_may_help_and_not_what_cannot(
        self, counted: Counted, caller: Caller, provider: Provider
    ) -> None:
        provider.answers[:] = [refusing(500, message="no"), HELLO]
        create = counted.client.chat.completions.create
        key = {"Idempotency-Key": "one-and-only"}
        assert said(await read(await create(model="m", messages=ASK, stream=True, extra_headers=key))) == "Hello"
        assert counted.requests == 2
        with pytest.raises(openai.ConflictError) as gone:
            await create(model="m", messages=ASK, stream=True, extra_headers=key)
        assert (gone.value.code, counted.requests, len(provider.asked)) == ("idempotency_answer_gone", 3, 2)
        assert [line[1] for line in await booked(caller)] == [1]

    @pytest.mark.parametrize("loss", ["close", "reset", "error", "garbage"])
    async def test_a_loss_in_the_middle_raises_inside_the_stream(
        self, client: AsyncOpenAI, provider: Provider, loss: Any
    ) -> None:
        ends = {"error": event(error={"message": "CUDA out of memory"}), "garbage": raw(b"data: {oops\n\n")}.get(loss)
        pieces = [chunk({"content": "Hel"}), *([ends] if ends else [])]
        provider.answers[:] = [streaming(*pieces, then="close" if ends else loss), HELLO]
        stream = await client.chat.completions.create(model="m", messages=ASK, stream=True)
        assert said([await anext(stream)]) == "Hel"
        with pytest.raises(openai.APIError) as lost:
            await anext(stream)
        assert lost.value.code == "model_unavailable"
        assert "CUDA" not in str(lost.value)

    async def test_a_whole_completion_that_is_none_is_a_503(self, client: AsyncOpenAI, provider: Provider) -> None:
        provider.answers[:] = [whole(200, b'{"hello": 1}'), completed({"content": "Hi."}, usage=USAGE)]
        with pytest.raises(openai.InternalServerError):
            await client.with_options(max_retries=0).chat.completions.create(model="m", messages=ASK)
        assert (await client.chat.completions.create(model="m", messages=ASK)).choices[0].message.content == "Hi."


class TestLimits:
    async def test_streams_over_the_plans_are_a_rate_limit_error_until_one_has_ended(
        self, frugal_node: Node, provider: Provider
    ) -> None:
        counted = Counted(frugal_node, await frugal_node.api.sign_up(), retries=0)
        create = counted.client.chat.completions.create
        provider.answers[:] = [streaming(chunk({"content": "Once"}), then="hang")]
        streams = [await create(model="m", messages=ASK, stream=True) for _ in range(2)]
        with pytest.raises(openai.RateLimitError) as limited:
            await create(model="m", messages=ASK)
        assert limited.value.code == "rate_limit_exceeded"
        assert {"retry-after", "x-ratelimit-remaining-requests"} <= set(limited.value.response.headers)
        assert len(provider.asked) == 2
        for stream in streams:
            await stream.close()
        provider.answers[:] = [HELLO]

        async def passes() -> bool:
            try:
                return bool(await read(await create(model="m", messages=ASK, stream=True)))
            except openai.RateLimitError:
                return False

        await until(passes)
        await counted.client.close()

    async def test_a_message_over_the_plans_length_is_refused_by_its_place(self, frugal_node: Node, provider: Provider) -> None:
        counted = Counted(frugal_node, await frugal_node.api.sign_up())
        long: Any = {"role": "user", "content": [{"type": "text", "text": "x" * 16_001}] * 2}
        with pytest.raises(openai.BadRequestError) as refused:
            await counted.client.chat.completions.create(model="m", messages=[*ASK, long])
        assert (refused.value.param, provider.asked) == ("messages[1].content", [])
        await counted.client.close()


class TestStoring:
    async def test_a_stored_exchange_is_read_as_a_session(
        self, client: AsyncOpenAI, caller: Caller, provider: Provider
    ) -> None:
        provider.answers[:] = [streaming(text("Hel"), text("lo"), text("", "stop"), COUNTED, DONE)]
        answer = await client.chat.completions.with_raw_response.create(
            model="einstein", messages=ASK, stream=True, store=True, metadata={"shelf": "physics"}
        )
        await read(answer.parse())
        session = (await caller.get(answer.headers["location"])).json()
        assert session["metadata"] == {"shelf": "physics"}
        assert [one["content"][0]["text"] for one in await caller.messages(session["id"])] == ["Hello!", "Hello"]
        assert "store" not in provider.asked[-1].body
        assert "metadata" not in provider.asked[-1].body
