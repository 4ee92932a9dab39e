"""What a scripted model says, in the bytes in which a provider would."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import msgspec

from adapters.models.passed_events import PassedEvents
from adapters.models.whole_completion import read_completion
from application.circuit_breaker import CircuitBreaker
from application.ports.chat_model import ModelChunk, ModelFailed, ModelRequest
from application.ports.completions import CompletionRequest, CompletionUsage, OpenCompletion, Written
from domain.agents.agent import Sampling
from domain.runs.prompt import PromptTurn
from domain.runs.run import Usage

_ID: Final = "chatcmpl-of-the-provider"
_encode: Final = msgspec.json.Encoder().encode


def spoken(request: CompletionRequest) -> ModelRequest:
    """Return the request as one for text, as far as a script looks at it."""
    most = request.options.get("max_completion_tokens", request.options.get("max_tokens"))
    turns = tuple(PromptTurn("user", str(message.get("content") or "")) for message in request.messages)
    return ModelRequest(request.model, turns, Sampling(max_tokens=most if isinstance(most, int) else None))


class ScriptedCompletion(OpenCompletion):
    """Words as events, or as one object; where the request brings tools, a call of the tool named instead, in two deltas."""

    def __init__(
        self, request: CompletionRequest, chunks: AsyncGenerator[ModelChunk, None], breaker: CircuitBreaker, calls: str | None
    ) -> None:
        self._request, self._chunks, self._breaker = request, chunks, breaker
        self._calls = calls if "tools" in request.options else None
        self._events = PassedEvents()
        self._first = b""
        self._usage: CompletionUsage | None = None
        self._written: Written | None = None

    async def begin(self) -> None:
        """Wait for the first word, or for all of them; ModelFailed."""
        if self._request.streamed:
            self._first = self._passed(await anext(self._chunks, None))
        else:
            await self._read_whole()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield an event for each word."""
        yield self._first
        if not self._request.streamed:
            return
        try:
            async with aclosing(self._chunks) as chunks:
                async for chunk in chunks:
                    if piece := self._passed(chunk):
                        yield piece
            if piece := self._events.feed(self._end()):
                yield piece
        except ModelFailed:
            self._breaker.failed()
            raise
        self._breaker.succeeded()

    @property
    def usage(self) -> CompletionUsage | None:
        """What the script counted."""
        return self._usage or self._events.usage

    def written(self) -> Written:
        """Return the words so far."""
        return self._written or self._events.written()

    def close(self) -> None:
        """Nothing is held open."""

    def _passed(self, chunk: ModelChunk | None) -> bytes:
        if isinstance(chunk, Usage):
            return self._events.feed(_event([], usage=_told(chunk)))
        if not isinstance(chunk, str):
            return b""
        return self._events.feed(b"".join(_event([_choice(delta)]) for delta in self._deltas(chunk)))

    def _deltas(self, word: str) -> list[dict[str, Any]]:
        if self._calls is None:
            return [{"content": word}]
        begun = {"index": 0, "id": "call_1", "type": "function", "function": {"name": self._calls, "arguments": ""}}
        return [{"tool_calls": [begun]}, {"tool_calls": [{"index": 0, "function": {"arguments": '{"x":1}'}}]}]

    @property
    def _reason(self) -> str:
        return "stop" if self._calls is None else "tool_calls"

    def _end(self) -> bytes:
        return _event([_choice({}, self._reason)]) + b"data: [DONE]\n\n"

    async def _read_whole(self) -> None:
        told = [chunk async for chunk in self._chunks]
        text = "".join(chunk for chunk in told if isinstance(chunk, str))
        call = {"id": "call_1", "type": "function", "function": {"name": self._calls, "arguments": '{"x":1}'}}
        message = {"content": text} if self._calls is None else {"content": None, "tool_calls": [call]}
        usages = [_told(chunk) for chunk in told if isinstance(chunk, Usage)]
        body = {
            "id": _ID, "object": "chat.completion", "created": 1, "model": "of-the-provider",
            "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": self._reason}],
        }
        self._first = _encode(body | ({"usage": usages[0]} if usages else {}))
        completion = read_completion(self._first)
        assert completion is not None
        self._usage, self._written = completion.usage, completion.written
        self._breaker.succeeded()


def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish}


def _told(usage: Usage) -> dict[str, int]:
    return {"prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens, "total_tokens": usage.total}


def _event(choices: list[dict[str, Any]], **more: Any) -> bytes:
    body = {"id": _ID, "object": "chat.completion.chunk", "created": 1, "model": "of-the-provider", "choices": choices, **more}
    return b"data: " + _encode(body) + b"\n\n"
