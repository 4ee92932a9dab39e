"""The client of model servers when things go wrong."""

import asyncio
import contextlib
import socket
from contextlib import aclosing

import pytest

from adapters.models.openai_compatible import OpenAICompatibleModel
from tests.integration.models.asking import hear, hear_failing, model_at, request
from tests.integration.models.provider import DONE, HELLO, STREAM_HEAD, Answer, event, raw, serving, streaming, text, whole

KEY = "sk-secret"
VANISHED = Answer((), "close")
CUT_OFF = Answer((), "reset")


def closed_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_a_refused_connection_is_a_failure_with_the_address_in_it() -> None:
    address = f"127.0.0.1:{closed_port()}"
    async with model_at(f"http://user:pass@{address}/v1") as model:
        said, why = await hear_failing(model)
    assert said == ""
    assert why.startswith(address)
    assert "pass" not in why


@pytest.mark.parametrize("lost", [VANISHED, CUT_OFF])
async def test_a_connection_lost_before_the_answer_is_tried_once_more(lost: Answer) -> None:
    async with serving(HELLO, lost, HELLO) as provider, model_at(provider.url) as model:
        await hear(model)
        await hear(model)
        assert [asked.connection for asked in provider.asked] == [1, 1, 2]


@pytest.mark.parametrize(("lost", "requests"), [
    (VANISHED, 2), (CUT_OFF, 2), (streaming(then="close"), 1),
    (streaming(text("a"), then="reset"), 1), (whole(503, b"{}"), 1),
], ids=["vanished", "cut-off", "headers-only", "some-text", "503"])
async def test_nothing_is_asked_more_than_twice_and_nothing_twice_after_the_answer_began(lost: Answer, requests: int) -> None:
    async with serving(lost) as provider, model_at(provider.url) as model:
        await hear_failing(model)
        assert len(provider.asked) == requests


@pytest.mark.parametrize(("answer", "reason"), [
    (whole(401, b'{"error": {"message": "Incorrect API key: sk-secret."}}'), "answered 401: Incorrect API key: ***."),
    (whole(429, b'{"error": "slow down"}'), "answered 429: slow down"),
    (whole(500, b"<h1>Oops</h1>", "text/html"), "answered 500: no reason given"),
    (whole(400, b'{"message": "bad input: Sing of the wine-dark waves"}'), "answered 400: bad input: "),
    (whole(422, b'{"detail": [{"input": "Sing of the wine-dark waves"}]}'), "answered 422: no reason given"),
    (whole(500, b'{"error": "' + b"x" * 5_000 + b'"}'), "answered 500: " + "x" * 200),
    (whole(200, b'{"error": {"message": "no such model"}}'), "answered 200: no such model"),
    (whole(307, b"", extra="Location: http://127.0.0.1:9/v1/chat/completions\r\n"), "answered 307: no reason given"),
], ids=["401", "429", "500", "quoting", "quoting-in-detail", "long", "200-with-error", "redirect"])
async def test_a_refusal_is_told_with_its_status_and_reason_but_neither_key_nor_prompt(answer: Answer, reason: str) -> None:
    async with serving(answer) as provider, model_at(provider.url, KEY) as model:
        assert await hear_failing(model) == ("", f"{provider.url[7:-3]} {reason}")


@pytest.mark.parametrize(("broken", "why"), [
    (streaming(text("some"), event(error={"message": "out of memory, sk-secret"})), "broke off: out of memory, ***"),
    (streaming(text("some"), event(error="out of memory"), DONE), "broke off: out of memory"),
    (streaming(text("some")), "the stream ended without an end"),
    (streaming(text("some"), then="close"), "broke off: Client"),
    (streaming(text("some"), then="reset"), "broke off: Client"),
    (streaming(text("some"), raw(b"data: {nonsense\n\n"), DONE), "not a completion chunk"),
    (streaming(text("some"), raw(b"not the framing of events\n\n")), "the stream ended without an end"),
    (streaming(text("some"), *[raw(b"data: " + b"x" * 50_000)] * 6, then="hang"), "too long"),
], ids=["error-object", "error-text", "no-end", "closed", "reset", "malformed", "no-events", "oversized"])
async def test_a_stream_that_breaks_off_fails_after_the_text_that_came(broken: Answer, why: str) -> None:
    async with serving(broken) as provider, model_at(provider.url, KEY) as model:
        said, message = await hear_failing(model)
    assert said == "some"
    assert why in message
    assert KEY not in message


@pytest.mark.parametrize("silent", [
    Answer((), "hang"), streaming(then="hang"), streaming(*[raw(b": ping\n\n")] * 100, then="hang"),
    Answer((b"HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\n",), "hang"),
], ids=["no-answer", "headers-only", "pings-only", "half-a-refusal"])
async def test_a_provider_that_says_nothing_is_left_in_time(silent: Answer) -> None:
    async with serving(silent) as provider, model_at(provider.url, first_token_timeout=0.1) as model:
        assert (await hear_failing(model))[0] == ""
        await provider.left.wait()
        assert len(provider.asked) == 1


async def test_a_provider_that_falls_silent_is_left_in_time() -> None:
    async with serving(streaming(text("some"), then="hang")) as provider, model_at(provider.url, token_timeout=0.1) as model:
        said, why = await hear_failing(model)
        await provider.left.wait()
    assert (said, why.endswith("fell silent")) == ("some", True)


@pytest.mark.parametrize("pieces", [(text("some"), b"no chunk\r\n"), (text("some") + b"no chunk\r\n",)])
async def test_broken_framing_is_a_failure_once_the_silence_is_long_enough(pieces: tuple[bytes, ...]) -> None:
    answer = Answer((STREAM_HEAD, *pieces), "hang")
    async with serving(answer) as provider, model_at(provider.url, token_timeout=0.1) as model:
        assert (await hear_failing(model))[0] in {"some", ""}
        assert len(provider.asked) == 1


async def test_time_that_the_reader_takes_is_not_silence() -> None:
    async with (
        serving(HELLO) as provider,
        model_at(provider.url, token_timeout=0.05) as model,
        aclosing(model.stream(request())) as chunks,
    ):
        said = [await anext(chunks)]
        await asyncio.sleep(0.2)
        said += [chunk async for chunk in chunks]
    assert said[:1] == ["Hel"]
    assert len(said) == 3


async def test_a_server_that_accepts_no_connection_is_left_in_time() -> None:
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        async with model_at(f"http://127.0.0.1:{full.getsockname()[1]}/v1", connect_timeout=0.1) as model:
            said, why = await hear_failing(model)
    assert (said, why.endswith("let nobody connect within 0.1 s")) == ("", True)


async def test_leaving_early_closes_the_providers_connection() -> None:
    async with serving(streaming(text("some"), then="hang")) as provider, model_at(provider.url) as model:
        async with aclosing(model.stream(request())) as chunks:
            assert await anext(chunks) == "some"
        await provider.left.wait()


@pytest.mark.parametrize("answer", [Answer((), "hang"), streaming(then="hang"), streaming(text("some"), then="hang")])
async def test_a_cancelled_reader_closes_the_providers_connection(answer: Answer) -> None:
    async with serving(answer) as provider, model_at(provider.url) as model:
        task = asyncio.create_task(hear(model))
        await provider.came.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await provider.left.wait()


async def test_closing_the_client_ends_the_replies_under_way() -> None:
    async with serving(streaming(text("some"), then="hang")) as provider:
        model = OpenAICompatibleModel(provider.url, None, ("m",))
        reply = asyncio.create_task(hear_failing(model))
        await provider.came.wait()
        await model.close()
        assert (await reply)[0] == "some"
        await provider.left.wait()
