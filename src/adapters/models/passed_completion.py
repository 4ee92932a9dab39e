"""A chat completion of a provider that is passed on as it comes."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp

from adapters.models.coalescing import Coalescing
from adapters.models.passed_events import PassedEvents
from adapters.models.provider_connection import ProviderConnection
from adapters.models.refusals import fit_for_log
from adapters.models.silence_watch import SilenceWatch
from adapters.models.whole_completion import WholeCompletion
from application.circuit_breaker import CircuitBreaker
from application.ports.chat_model import ModelFailed
from application.ports.completions import CompletionUsage, OpenCompletion, Written

_END_WITHIN: Final = 0.1


class StreamedCompletion(OpenCompletion):
    """A stream under way; the breaker hears how the whole of it went."""

    def __init__(
        self, answer: aiohttp.ClientResponse, connection: ProviderConnection, breaker: CircuitBreaker, watch: SilenceWatch,
        coalescing: Coalescing, closed: Callable[[], None],
    ) -> None:
        self._answer, self._connection, self._breaker, self._watch, self._closed = answer, connection, breaker, watch, closed
        self._coalescing = coalescing
        self._events = PassedEvents()
        self._first = b""

    async def begin(self) -> None:
        """Wait for the first event; ModelFailed."""
        with self._reading():
            while not (self._first or self._ended) and (chunk := await self._answer.content.readany()):
                piece = self._events.feed(chunk)
                self._first = piece if b"data:" in piece else b""
        if not self._first:
            self._require_whole()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield what came together as one piece."""
        events, watch, read = self._events, self._watch, self._answer.content.readany
        watch.heard()
        if self._first:
            yield self._first
        try:
            with self._coalescing.counting(), self._reading():
                watch.listen()
                while not (events.done or events.failure) and (chunk := await read()):
                    watch.heard()
                    if piece := events.feed(chunk):
                        yield piece
                        await self._coalescing.rest(self._answer)
                    watch.listen()
            self._require_whole()
        except ModelFailed:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        await self._see_out()

    @property
    def usage(self) -> CompletionUsage | None:
        """What the provider counted."""
        return self._events.usage

    def written(self) -> Written:
        """Return what came so far."""
        return self._events.written()

    def close(self) -> None:
        """Close the connection, unless all of the answer was read."""
        self._watch.stop()
        self._answer.close()
        self._closed()

    @property
    def _ended(self) -> bool:
        return self._events.done or self._events.failure is not None

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn a lost connection into ModelFailed, unless all of the answer had come."""
        try:
            yield
        # RuntimeError is what aiohttp raises after broken framing, whose own error it keeps to itself.
        except (aiohttp.ClientError, OSError, RuntimeError) as error:
            if not self._events.finished:
                why = "fell silent" if self._watch.expired else f"broke off: {type(error).__name__}"
                raise self._connection.failed(why) from error

    def _require_whole(self) -> None:
        if self._events.failure is not None:
            raise self._connection.failed(fit_for_log(self._events.failure, secret=self._connection.secret, prompt=()))
        if not self._events.finished:
            raise self._connection.failed("broke off: the stream ended without an end")

    async def _see_out(self) -> None:
        """Read the end of the body, so that the connection can be used again; not for long, and without complaint."""
        try:
            async with asyncio.timeout(_END_WITHIN):
                await self._answer.content.readany()
        except (aiohttp.ClientError, OSError, RuntimeError):
            self._answer.close()


class ReadCompletion(OpenCompletion):
    """A whole completion that has come already."""

    def __init__(self, completion: WholeCompletion) -> None:
        self._completion = completion

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield it."""
        yield self._completion.body

    @property
    def usage(self) -> CompletionUsage | None:
        """What the provider counted."""
        return self._completion.usage

    def written(self) -> Written:
        """Return what is in it."""
        return self._completion.written

    def close(self) -> None:
        """Nothing is held open."""
