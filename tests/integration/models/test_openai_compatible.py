"""The client of model servers, over real connections."""



import pytest

from application.ports.chat_model import ModelFailed
from domain.runs.run import Usage
from tests.integration.models.asking import hear, model_at, request
from tests.integration.models.provider import (
    DONE,
    HELLO,
    STREAM_END,
    STREAM_HEAD,
    Answer,
    event,
    raw,
    serving,
    streaming,
    text,
    whole,
)


async def test_it_asks_for_a_stream_with_the_whole_prompt_and_nothing_that_is_not_set() -> None:
    async with serving(HELLO) as provider, model_at(provider.url) as model:
        assert await hear(model) == ["Hel", "lo", Usage(7, 2)]
        assert provider.asked[0].line == "POST /v1/chat/completions HTTP/1.1"
        assert provider.asked[0].body == {
            "model": "m", "stream": True, "stream_options": {"include_usage": True},
            "messages": [
                {"role": "system", "content": "You are the sea."}, {"role": "user", "content": "Sing of the wine-dark waves"},
            ],
        }


async def test_it_passes_on_the_sampling_that_is_set_zero_included() -> None:
    async with serving(HELLO) as provider, model_at(provider.url) as model:
        await hear(model, request(temperature=0.0, top_p=0.5, max_tokens=9))
        sent = provider.asked[0].body
        assert (sent["temperature"], sent["top_p"], sent["max_tokens"]) == (0, 0.5, 9)


@pytest.mark.parametrize(("key", "header"), [("sk-1", "Bearer sk-1"), (None, None), ("", None)])
async def test_it_sends_the_key_if_there_is_one(key: str | None, header: str | None) -> None:
    async with serving(HELLO) as provider, model_at(provider.url, key) as model:
        await hear(model)
        assert provider.asked[0].headers.get("authorization") == header


@pytest.mark.parametrize(("suffix", "path"), [("", "/v1"), ("/", "/v1"), ("/openai", "/v1/openai")])
async def test_the_address_is_used_as_it_is_given(suffix: str, path: str) -> None:
    async with serving(HELLO) as provider, model_at(provider.url + suffix) as model:
        await hear(model)
        assert provider.asked[0].line == f"POST {path}/chat/completions HTTP/1.1"


async def test_replies_that_follow_each_other_share_a_connection() -> None:
    async with serving(HELLO) as provider, model_at(provider.url) as model:
        for _ in range(3):
            await hear(model)
        assert [asked.connection for asked in provider.asked] == [1, 1, 1]


async def test_a_closed_client_opens_anew_when_it_is_asked_again() -> None:
    async with serving(HELLO) as provider, model_at(provider.url) as model:
        await hear(model)
        await model.close()
        assert await hear(model) == ["Hel", "lo", Usage(7, 2)]


@pytest.mark.parametrize("answer", [
    Answer((STREAM_HEAD + text("Hel") + text("lo") + DONE + STREAM_END,)),
    streaming(text("Hel"), text("lo", "stop")),
    streaming(text("Hel"), text("lo", "stop"), then="close"),
    streaming(text("Hel"), text("lo", "stop"), then="reset"),
    streaming(text("Hel"), text("lo"), DONE, then="hang"),
    streaming(raw(b": ping\r\n\r\n"), text("Hel"), event(choices=[], usage=None), text("lo"), event(choices=[]), DONE),
    streaming(*(raw(bytes([byte])) for byte in b'data: {"choices": [{"delta": {"content": "Hello"}}]}\r\n\r\n'), DONE),
], ids=["together", "no-done", "cut-after-finish", "reset-after-finish", "not-ended", "pings", "bytes"])
async def test_a_whole_reply_is_taken_however_its_server_ends_or_cuts_it(answer: Answer) -> None:
    async with serving(answer) as provider, model_at(provider.url) as model:
        said = await hear(model)
        assert "".join(str(chunk) for chunk in said) == "Hello"
        assert "" not in said


async def test_pieces_that_come_together_are_one_text() -> None:
    answer = Answer((STREAM_HEAD + text("Hel") + text("lo") + DONE + STREAM_END,))
    async with serving(answer) as provider, model_at(provider.url) as model:
        assert await hear(model) == ["Hello"]


async def test_usage_that_comes_with_every_event_is_told_once_at_the_end() -> None:
    pieces = [event(choices=[{"delta": {"content": word}}], usage={"prompt_tokens": 7, "completion_tokens": n})
              for n, word in enumerate(("a", "b"), 1)]
    async with serving(streaming(*pieces, DONE)) as provider, model_at(provider.url) as model:
        assert await hear(model) == ["a", "b", Usage(7, 2)]


@pytest.mark.parametrize(("status", "body"), [
    (400, b'{"error": {"message": "Unrecognized request argument supplied: stream_options"}}'),
    (422, b'{"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "input": {"include_usage": true}}]}'),
])
async def test_a_server_that_refuses_stream_options_is_asked_without_from_then_on(status: int, body: bytes) -> None:
    async with serving(whole(status, body), HELLO) as provider, model_at(provider.url) as model:
        assert await hear(model) == ["Hel", "lo", Usage(7, 2)]
        assert await hear(model) == ["Hel", "lo", Usage(7, 2)]
        assert ["stream_options" in asked.body for asked in provider.asked] == [True, False, False]


async def test_another_refusal_does_not_stop_it_from_asking_for_usage() -> None:
    async with serving(whole(404, b'{"error": "stream_options"}'), HELLO) as provider, model_at(provider.url) as model:
        with pytest.raises(ModelFailed, match="404"):
            await hear(model)
        await hear(model)
        assert ["stream_options" in asked.body for asked in provider.asked] == [True, True]
