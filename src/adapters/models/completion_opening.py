"""Asking a provider for a completion that is to be passed on."""

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp
import msgspec

from adapters.models.asking import Asking, Refused
from adapters.models.coalescing import Coalescing
from adapters.models.failures import RequestRefused, failure_of
from adapters.models.passed_completion import ReadCompletion, StreamedCompletion
from adapters.models.provider_connection import ProviderConnection, read_start
from adapters.models.refusals import fit_for_log, refusal_of
from adapters.models.silence_watch import SilenceWatch
from adapters.models.whole_completion import read_completion
from application.circuit_breaker import CircuitBreaker
from application.ports.completions import CompletionRefused, CompletionRequest, OpenCompletion

_BODY_LONGEST: Final = 16 * 1024 * 1024
# Who asks for a whole completion waits for its last token, and nobody can tell a long reply from a silent provider.
_WHOLE_TAKES: Final = 10
_UNSAID: Final = "The provider of the model refuses the request."
_encode: Final = msgspec.json.Encoder().encode


class CompletionOpening:
    """POST {url}/chat/completions for others; times in seconds.

    A whole completion may take ten times as long as a first token.
    """

    def __init__(
        self, connection: ProviderConnection, asking: Asking, *, first_token_timeout: float, token_timeout: float,
        coalescing: Coalescing,
    ) -> None:
        self._connection, self._asking = connection, asking
        self._first_token_timeout, self._token_timeout = first_token_timeout, token_timeout
        self._coalescing = coalescing
        self._under_way: set[aiohttp.ClientResponse] = set()

    async def open(self, request: CompletionRequest, breaker: CircuitBreaker) -> OpenCompletion:
        """Return what has begun; CompletionRefused, ModelFailed. The breaker hears of what happens after that."""
        return await (self._open_stream(request, breaker) if request.streamed else self._open_whole(request, breaker))

    def close(self) -> None:
        """Break off what is under way."""
        for answer in tuple(self._under_way):
            answer.close()

    async def _open_stream(self, request: CompletionRequest, breaker: CircuitBreaker) -> OpenCompletion:
        deadline = asyncio.get_running_loop().time() + self._first_token_timeout
        with self._connection.failing():
            async with asyncio.timeout_at(deadline):
                answer = await self._answer(request)
        self._under_way.add(answer)
        watch = SilenceWatch(deadline, self._token_timeout, answer.close)
        opened = StreamedCompletion(
            answer, self._connection, breaker, watch, self._coalescing, lambda: self._under_way.discard(answer)
        )
        try:
            await opened.begin()
        except BaseException:
            opened.close()
            raise
        return opened

    async def _open_whole(self, request: CompletionRequest, breaker: CircuitBreaker) -> OpenCompletion:
        with self._connection.failing():
            async with asyncio.timeout(self._first_token_timeout * _WHOLE_TAKES):
                answer = await self._answer(request)
                try:
                    completion = read_completion(await read_start(answer, _BODY_LONGEST))
                finally:
                    answer.close()
        if completion is None:
            raise self._connection.failed("sent a malformed completion")
        breaker.succeeded()
        return ReadCompletion(completion)

    async def _answer(self, request: CompletionRequest) -> aiohttp.ClientResponse:
        try:
            return await self._asking.ask(lambda counting: _body(request, counts_usage=counting), streamed=request.streamed)
        except Refused as refused:
            raise self._refused(refused.status, refused.body) from None

    def _refused(self, status: int, body: bytes) -> Exception:
        refusal, kind, secret = refusal_of(body), failure_of(status), self._connection.secret
        reason = fit_for_log(refusal.reason, secret=secret, prompt=())
        if kind is RequestRefused:
            return CompletionRefused(reason if refusal.reason else _UNSAID, param=refusal.param)
        # What a provider says in other cases may quote what was asked: it is not even for the log.
        return self._connection.failed(f"answered {status}", kind)


def _body(request: CompletionRequest, *, counts_usage: bool) -> bytes:
    streaming: Mapping[str, object] = {"stream": True} if request.streamed else {}
    counting: Mapping[str, object] = {"stream_options": {"include_usage": True}} if counts_usage else {}
    return _encode({"model": request.model, "messages": request.messages, **request.options, **streaming, **counting})
