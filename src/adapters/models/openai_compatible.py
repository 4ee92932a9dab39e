"""Models behind any server that speaks OpenAI's chat completions: OpenAI, vLLM, Ollama, llama.cpp and many more."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import aiohttp
import msgspec

from adapters.models.asking import Asking, Refused
from adapters.models.coalescing import Coalescing
from adapters.models.completion_body import completion_body
from adapters.models.completion_opening import CompletionOpening
from adapters.models.completion_reader import CompletionReader
from adapters.models.failures import failure_of
from adapters.models.model_list import ModelList
from adapters.models.passing import PassesCompletions
from adapters.models.provider_connection import ProviderConnection
from adapters.models.refusals import fit_for_log, reason_of
from adapters.models.silence_watch import SilenceWatch
from adapters.models.wire import ListedModels
from application.circuit_breaker import CircuitBreaker
from application.ports.chat_model import ChatModel, ModelChunk, ModelFailed, ModelInfo, ModelRequest
from application.ports.completions import CompletionRequest, OpenCompletion

_LIST_LONGEST: Final = 4 * 1024 * 1024
_LIST_WITHIN: Final = 10.0
_END_WITHIN: Final = 0.1
_decode_models: Final = msgspec.json.Decoder(ListedModels).decode


class OpenAICompatibleModel(ChatModel, PassesCompletions):
    """One server that answers POST {url}/chat/completions with server-sent events.

    `url` is used as given, so it has its `/v1` where the server wants one: `http://127.0.0.1:8000/v1`. `models` are the names to
    offer, or ("*",) for what GET {url}/models lists, asked again after `list_lifetime` seconds; no two requests for the list
    begin within `list_retry` seconds. `context_tokens` holds for all of them, less where the server says less. Times are in
    seconds: to connect, until the first event of a reply, between two events while we wait for one (comments do not count).
    `connections` bounds the replies under way at once; more wait for their turn within the time for the first event.

    A server that `continues` goes on with a last message of the assistant's, as llama.cpp's does; one that needs vLLM's flags for
    it has `flags_beginning` too. Refusals are told apart as in `failures`.
    """

    def __init__(
        self, url: str, api_key: str | None = None, models: Sequence[str] = ("*",), context_tokens: int = 8192, *,
        continues: bool = False, flags_beginning: bool = False,
        connect_timeout: float = 5.0, first_token_timeout: float = 60.0, token_timeout: float = 60.0,
        list_lifetime: float = 300.0, list_retry: float = 5.0, connections: int = 10_000, coalescing: Coalescing | None = None,
    ) -> None:
        self._api_key, self._context_tokens = api_key, context_tokens
        self._continues, self._flags_beginning = continues, flags_beginning
        self._first_token_timeout, self._token_timeout = first_token_timeout, token_timeout
        self._connection = ProviderConnection(url, api_key, connect_timeout=connect_timeout, connections=connections)
        self._fixed = None if "*" in models else {name: ModelInfo(name, context_tokens, continues) for name in models}
        self._listed = ModelList(self._fetch_models, lifetime=list_lifetime, retry=list_retry)
        self._asking = Asking(self._connection)
        self._under_way: set[aiohttp.ClientResponse] = set()
        self._coalescing = coalescing or Coalescing(0.0)
        self._passing = CompletionOpening(
            self._connection, self._asking, first_token_timeout=first_token_timeout, token_timeout=token_timeout,
            coalescing=self._coalescing,
        )

    @property
    def name(self) -> str:
        """The server's host and port."""
        return self._connection.name

    async def find(self, model: str) -> ModelInfo | None:
        """Return the model if it is one of the configured names, or if the server lists it."""
        return await self._listed.find(model) if self._fixed is None else self._fixed.get(model)

    async def list(self) -> Sequence[ModelInfo]:
        """Return the models in the configured or the server's order."""
        return tuple((await self._listed.get() if self._fixed is None else self._fixed).values())

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelChunk, None]:
        """Yield what came together as one text, and the usage at the end; leaving early closes the connection at once."""
        deadline = asyncio.get_running_loop().time() + self._first_token_timeout
        with self._connection.failing():
            async with asyncio.timeout_at(deadline):
                answer = await self._open(request)
        watch, reader = SilenceWatch(deadline, self._token_timeout, answer.close), CompletionReader()
        self._under_way.add(answer)
        try:
            with self._coalescing.counting(), self._reading(reader, watch):
                while not reader.done and reader.failure is None and (chunk := await answer.content.readany()):
                    text = reader.feed(chunk)
                    if text is not None:
                        watch.heard()
                        if text:
                            yield text
                            await self._coalescing.rest(answer)
                        watch.listen()
            self._require_whole(reader, request)
            if reader.usage is not None:
                yield reader.usage
            await self._see_out(answer)
        finally:
            self._under_way.discard(answer)
            watch.stop()
            answer.close()

    async def open_completion(self, request: CompletionRequest, breaker: CircuitBreaker) -> OpenCompletion:
        """Begin a completion that is passed on, as `PassesCompletions` says."""
        return await self._passing.open(request, breaker)

    async def close(self) -> None:
        """Close all connections; replies under way fail."""
        self._passing.close()
        for answer in tuple(self._under_way):
            answer.close()
        await self._listed.close()
        await self._connection.close()

    async def _open(self, request: ModelRequest) -> aiohttp.ClientResponse:
        """Return the answer to read the stream from."""
        flags = self._flags_beginning
        try:
            return await self._asking.ask(
                lambda counting: completion_body(request, counts_usage=counting, flags_beginning=flags)
            )
        except Refused as refused:
            why, kind = f"answered {refused.status}", failure_of(refused.status)
            raise self._failed(why, reason_of(refused.body), request, kind) from None

    @contextmanager
    def _reading(self, reader: CompletionReader, watch: SilenceWatch) -> Iterator[None]:
        """Turn a lost connection into ModelFailed, unless all of the reply had come."""
        try:
            yield
        # RuntimeError is what aiohttp raises after broken framing, whose own error it keeps to itself.
        except (aiohttp.ClientError, OSError, RuntimeError) as error:
            if not reader.finished:
                why = "fell silent" if watch.expired else f"broke off: {type(error).__name__}"
                raise self._connection.failed(why) from error

    def _require_whole(self, reader: CompletionReader, request: ModelRequest) -> None:
        if reader.failure is not None:
            raise self._failed("broke off", reader.failure, request)
        if not reader.finished:
            raise self._connection.failed("broke off: the stream ended without an end")

    def _failed(
        self, what: str, reason: str | None, request: ModelRequest, kind: type[ModelFailed] = ModelFailed
    ) -> ModelFailed:
        prompt = (*(turn.text for turn in request.turns), request.beginning)
        return self._connection.failed(f"{what}: {fit_for_log(reason, secret=self._api_key, prompt=prompt)}", kind)

    async def _see_out(self, answer: aiohttp.ClientResponse) -> None:
        """Read the end of the body, so that the connection can be used again; not for long, and without complaint."""
        try:
            async with asyncio.timeout(_END_WITHIN):
                await answer.content.readany()
        except (aiohttp.ClientError, OSError, RuntimeError):
            answer.close()

    async def _fetch_models(self) -> Mapping[str, ModelInfo]:
        status, body = await self._connection.get("/models", within=_LIST_WITHIN, longest=_LIST_LONGEST)
        if status != 200:
            reason = fit_for_log(reason_of(body), secret=self._api_key, prompt=())
            raise self._connection.failed(f"answered {status} when asked for its models: {reason}")
        try:
            listed = _decode_models(body).data
        except (msgspec.MsgspecError, ValueError) as error:
            raise self._connection.failed("sent a malformed list of models") from error
        most = self._context_tokens
        return {
            model.id: ModelInfo(model.id, min(most, model.max_model_len or most), self._continues, model.created or 0)
            for model in listed
        }
