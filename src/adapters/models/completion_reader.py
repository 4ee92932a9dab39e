"""The stream of a chat completion, from bytes to text."""

from typing import Final

import msgspec

from adapters.models.event_splitter import EventSplitter
from adapters.models.wire import CompletionChunk, ErrorBody
from domain.runs.run import Usage

_decode: Final = msgspec.json.Decoder(CompletionChunk).decode


class CompletionReader:
    """Reads one reply.

    `usage` is what the provider counted, once told; `done` is true after `[DONE]`; `finished` after that or a finish reason;
    `failure` says why the stream is broken, after which nothing is read.
    """

    __slots__ = ("_splitter", "done", "failure", "finished", "usage")

    def __init__(self) -> None:
        self._splitter = EventSplitter()
        self.usage: Usage | None = None
        self.done = False
        self.finished = False
        self.failure: str | None = None

    def feed(self, chunk: bytes) -> str | None:
        """Return the text in this chunk, the pieces joined; "" for events without text, None when no event ended here."""
        events = self._splitter.feed(chunk)
        text = "".join([self._text_of(event) for event in events]) if events else None
        if self._splitter.overflowed and not self.done:
            self.failure = self.failure or "sent an event that is too long"
        return text

    def _text_of(self, event: bytes) -> str:
        if self.done or self.failure is not None:
            return ""
        if event == b"[DONE]":
            self.done = self.finished = True
            return ""
        try:
            return self._read(_decode(event))
        except (msgspec.MsgspecError, ValueError):
            self.failure = "sent an event that is not a completion chunk"
            return ""

    def _read(self, chunk: CompletionChunk) -> str:
        if chunk.error is not None:
            said = chunk.error.message if isinstance(chunk.error, ErrorBody) else chunk.error
            self.failure = f"broke off: {said}"
        if chunk.usage is not None:
            self.usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        if choice.finish_reason is not None:
            self.finished = True
        return choice.delta.content or "" if choice.delta is not None else ""
