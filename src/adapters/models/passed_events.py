"""The stream of a chat completion that is passed on: whole events as they came, and what they count.

Only what must be known is decoded: the usage, errors, and in the end, or every 16 KB, what was written. Everything else costs a
look for a few words, which cannot stand in a JSON string unescaped.
"""

from typing import Any, Final

import msgspec

from adapters.models.event_splitter import LONGEST_EVENT, EventSplitter, with_line_feeds
from adapters.models.written import Writing, told_usage
from application.ports.completions import CompletionUsage, Written

_FOLD_BYTES: Final = 16 * 1024
_NO_USAGE: Final = b',"usage":null'
_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


class PassedEvents:
    """Takes a stream's bytes and gives back whole events, without the usage and `[DONE]`, lines ended by LF.

    `usage` is what the provider counted, once told; `done` is true after `[DONE]`; `failure` says why the stream is broken,
    after which nothing is read.
    """

    __slots__ = ("_after_cr", "_held", "_held_bytes", "_rest", "_writing", "done", "failure", "usage")

    def __init__(self) -> None:
        self._rest, self._after_cr = b"", False
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._writing = Writing()
        self.usage: CompletionUsage | None = None
        self.done = False
        self.failure: str | None = None

    def feed(self, chunk: bytes) -> bytes:
        """Return the events that this chunk completes; nothing when there are none to pass on."""
        if self._after_cr or chunk.find(b"\r") >= 0:
            chunk, self._after_cr = with_line_feeds(chunk, after_cr=self._after_cr)
        if self._rest:
            chunk = self._rest + chunk
        if chunk.endswith(b"\n\n"):
            self._rest = b""
        else:
            ends = chunk.rfind(b"\n\n") + 2
            if ends == 1:
                ends = 0
            chunk, self._rest = chunk[:ends], chunk[ends:]
            if len(self._rest) > LONGEST_EVENT:
                self.failure = "sent an event that is too long"
                return b""
        return self._passed(chunk) if chunk else b""

    @property
    def finished(self) -> bool:
        """Whether the provider said that this is the end: by `[DONE]`, or by a reason."""
        if not self.done:
            self._fold()
        return self.done or self._writing.finished

    def written(self) -> Written:
        """Return what was written so far."""
        self._fold()
        return self._writing.so_far()

    def _passed(self, piece: bytes) -> bytes:
        # bytes.find takes half the time of `in`.
        find = piece.find
        if find(b'"usage"') >= 0:
            piece = piece.replace(_NO_USAGE, b"")
            find = piece.find
        if find(b'"usage"') >= 0 or find(b"[DONE]") >= 0 or find(b'"error"') >= 0:
            piece = b"".join([self._sifted(event) for event in piece.split(b"\n\n") if event])
        if piece:
            self._held.append(piece)
            self._held_bytes += len(piece)
            if self._held_bytes > _FOLD_BYTES:
                self._fold()
        return piece

    def _sifted(self, event: bytes) -> bytes:
        """Return the event as it is to be passed on, with what ends it; nothing if it is not."""
        data = b"".join(EventSplitter().feed(event + b"\n\n"))
        if self.done or self.failure is not None:
            return b""
        if data == b"[DONE]":
            self.done = True
            return b""
        return self._without_usage(event, data) + b"\n\n" if data else b""

    def _without_usage(self, event: bytes, data: bytes) -> bytes:
        try:
            body = _decode(data)
        except (msgspec.MsgspecError, ValueError):
            body = None
        if not isinstance(body, dict):
            self.failure = "sent an event that is not a completion chunk"
            return b""
        if body.get("error"):
            self.failure = f"broke off: {_said(body['error'])}"
            return b""
        if "usage" not in body:
            return event
        self.usage = told_usage(body.pop("usage")) or self.usage
        return b"data: " + _encode(body) if body.get("choices") else b""

    def _fold(self) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        for data in EventSplitter().feed(b"".join(held)):
            self._writing.add_event(data)


def _said(error: Any) -> str:
    return str(error.get("message", "no reason given") if isinstance(error, dict) else error)
