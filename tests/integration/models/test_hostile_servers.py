"""A model server that means harm, or is no model server: what it writes does not reach callers as it is (API10:2023)."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from dishka import Provider, Scope, provide

from adapters.models.openai_compatible import OpenAICompatibleModel
from adapters.models.router import ModelRouter
from tests.integration.models.provider import DONE, Answer, event, raw, serving, streaming, text, whole
from tests.support.api import Caller, error_of
from tests.support.application import running_application
from tests.support.memory import NOWHERE, Memory

HTML = b"<html><script>alert('stolen')</script></html>"
KEY = "sk-very-secret"
CHUNK = '{"id":"x","model":"m","created":1,"choices":[{"index":0,"delta":{"content":"%s"}}]%s}'
EVIL = (b"evil", b"stolen", b"<script", KEY.encode(), b"127.0.0.1")


class OneProvider(Provider):
    scope = Scope.APP

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    @provide(override=True)
    async def models(self) -> AsyncIterator[ModelRouter]:
        router = ModelRouter([OpenAICompatibleModel(self._url, KEY, ("m",), token_timeout=2, first_token_timeout=2)], "m")
        yield router
        await router.close()


@asynccontextmanager
async def caller_of(answer: Answer) -> AsyncIterator[Caller]:
    """Yield somebody whose replies are made by a server with this answer."""
    async with serving(answer) as provider, running_application(NOWHERE, Memory(), OneProvider(provider.url)) as running:
        yield await running.api.sign_up()


def chunk(content: str = "some", more: str = "") -> bytes:
    return raw(b"data: " + (CHUNK % (content, more)).encode() + b"\n\n")


def read_strictly(body: bytes) -> list[Any]:
    """Return the events of a stream in which nothing stands but events of ours, in UTF-8."""
    events = []
    for frame in body.decode("utf-8", "strict").split("\n\n"):
        if frame:
            assert frame.startswith("data: "), frame
            assert "\n" not in frame, frame
            assert "\r" not in frame, frame
            if frame != "data: [DONE]":
                events.append(json.loads(frame[6:]))
    return events


@pytest.mark.parametrize(
    "answer",
    [
        whole(200, HTML, "text/html"), whole(500, HTML, "text/html"), whole(200, HTML), whole(404, HTML), whole(200, b""),
        whole(302, HTML, extra="Location: http://evil.example/\r\n"), whole(200, b"\xff\xfe\xfd"), whole(200, b"[" * 100_000),
        whole(401, b'{"error": {"message": "bad key sk-very-secret at http://127.0.0.1/evil"}}'),
        whole(503, b'{"error": {"message": "evil <script>"}}'),
        Answer((b"HTTP/1.1 200 OK\r\nX-Evil: " + b"e" * 100_000 + b"\r\n\r\n",), "close"), Answer((b"\x00" * 1_000,), "close"),
        Answer((b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{",), "close"),
    ],
)
async def test_what_is_no_answer_is_a_refusal_of_ours(answer: Answer) -> None:
    async with caller_of(answer) as caller:
        for stream in (False, True):
            body = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "stream": stream}
            came = await caller.post("/v1/chat/completions", body)
            if came.status_code == 200:  # the stream had begun
                (error,) = read_strictly(came.content)
                assert error["error"]["code"] == "model_unavailable"
            else:
                error_of(came, came.status_code)
                assert came.status_code in (400, 404, 503)
            assert not [word for word in EVIL if word in came.content], came.content
            assert "location" not in came.headers
            assert not [name for name in came.headers if "evil" in name]


@pytest.mark.parametrize(
    "hostile",
    [
        raw(b'data: {"id":"x","model":"m","created":1,"choices":[{"index":0,"delta":{"content":"\xff\xfe"}}]}\n\n'),
        raw(b"data: " + (CHUNK % ("some", "")).encode() + b"\nevent: evil\nretry: 1\n\n"),
        raw(b"data: " + (CHUNK % ("some", "")).encode() + b"\r\nevent: evil\r\n\r\n"),
        raw(b"event: evil\nid: 7\nretry: 1\n\n"), raw(b": evil\n\n"), raw(b"<script>evil()</script>\n\n"), raw(b"data: evil\n\n"),
        raw(b'data: {"error": {"message": "evil <script> sk-very-secret"}}\n\n'), raw(b"data: [" + b"[" * 50_000 + b"\n\n"),
        raw(b"data: " + b"e" * 3_000_000 + b"\n\n"), event(choices="evil"), event(choices=[{"delta": {"content": {"evil": 1}}}]),
    ],
)
async def test_what_stands_between_the_words_of_a_stream_is_not_passed_on(hostile: bytes) -> None:
    async with caller_of(streaming(chunk(), chunk("more"), hostile, chunk("rest"), DONE)) as caller:
        body = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
        came = await caller.post("/v1/chat/completions", body)
        events = read_strictly(came.content)
        assert [one["choices"][0]["delta"]["content"] for one in events[:2]] == ["some", "more"]
        assert all("error" in one or one["model"] == "m" for one in events)
        if b"choices" not in hostile:
            assert not [word for word in EVIL if word in came.content], came.content


@pytest.mark.parametrize(
    "answer",
    [
        whole(500, HTML, "text/html"), whole(302, HTML, extra="Location: http://evil.example/\r\n"),
        streaming(text("some"), raw(b"data: evil\n\n"), DONE), streaming(text("some"), raw(b"data: \xff\n\n"), DONE),
        streaming(event(choices=[{"delta": {"content": 7}}]), DONE),
        streaming(event(choices=[{"delta": {"content": "\x00"}}]), DONE),
        streaming(event(choices=[{"delta": {"content": "\ud800"}}]), DONE),
    ],
)
async def test_a_reply_that_is_kept_is_text_or_fails_in_our_words(answer: Answer) -> None:
    async with caller_of(answer) as caller:
        said = await caller.say(await caller.session(await caller.agent("m")))
        assert said.status_code == 201, said.text
        assert not [word for word in EVIL if word in said.content], said.text
        run = said.json()["run"]
        assert run["status"] in ("completed", "failed")
        assert "\x00" not in json.dumps(said.json()["reply"])
