"""A run's events as frames of the AI SDK's UI message stream (protocol version 1; ai-sdk.dev, "Stream Protocols").

A reply is one message of one step, and its text one part of that. Text cannot be taken back within a part, but `reset-step`
takes back the whole step: a reply that is made anew begins its step again. A client that comes later is not told what was
replaced before it came.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import json

from application.ports.run_log import (
    AttemptStarted,
    End,
    MessageCompleted,
    MessageDelta,
    RunCancelled,
    RunCreated,
    RunEvent,
    RunEventBody,
    RunFailed,
)
from domain.runs.run import Usage
from domain.shared.identifiers import RunId, SessionId, reply_of

HEAD: Final = ((b"x-vercel-ai-ui-message-stream", b"v1"),)
TAIL: Final = b"data: [DONE]\n\n"
_FINISH_STEP: Final = b'data: {"type":"finish-step"}\n\n'
_RESET_STEP: Final = b'data: {"type":"reset-step"}\n\n'
_ABORT: Final = b'data: {"type":"abort"}\n\n'
_encode: Final = json.Encoder().encode


class UiMessageFrames:
    """Encodes the events of one run for one viewer, from the first event on, batch by batch."""

    def __init__(self, run_id: RunId, session_id: SessionId) -> None:
        self._run_id, self._session_id = run_id, session_id
        self._begun = self._writing = False
        self._part = b"1"

    def __call__(self, events: Sequence[RunEvent]) -> bytes:
        """Return the frames."""
        frames = [self._start()] if events and not self._begun else []
        frames += [self._frames(event.body) for event in _standing(events)]
        return b"".join(frames)

    def _frames(self, body: RunEventBody) -> bytes:
        match body:
            case MessageDelta():
                return self._text(body.text)
            case AttemptStarted(keep=False) if self._writing:
                self._writing, self._part = False, b"%d" % (int(self._part) + 1)
                return _RESET_STEP
            case MessageCompleted():
                return self._text_end() + _FINISH_STEP + _finish("stop", "completed", body.usage)
            case RunCancelled():
                return self._text_end() + _FINISH_STEP + _ABORT + _finish("other", "cancelled", None)
            case RunFailed():
                return self._text_end() + _frame({"type": "error", "errorText": body.error.message})
            case RunCreated() | AttemptStarted() | End():
                return b""

    def _start(self) -> bytes:
        """Name the message as it will be called when it is stored, and where it belongs."""
        self._begun = True
        where = {"session_id": self._session_id, "run_id": self._run_id}
        start = {"type": "start", "messageId": reply_of(self._run_id), "messageMetadata": where}
        return _frame(start) + b'data: {"type":"start-step"}\n\n'

    def _text(self, text: str) -> bytes:
        delta = b'data: {"type":"text-delta","id":"%b","delta":%b}\n\n' % (self._part, _encode(text))
        if self._writing:
            return delta
        self._writing = True
        return b'data: {"type":"text-start","id":"%b"}\n\n' % self._part + delta

    def _text_end(self) -> bytes:
        if not self._writing:
            return b""
        self._writing = False
        return b'data: {"type":"text-end","id":"%b"}\n\n' % self._part


def _standing(events: Sequence[RunEvent]) -> Iterator[RunEvent]:
    """Yield the events without the text that a later one of them replaces."""
    replaced = 0
    if len(events) > 1:
        replaced = max((place for place, event in enumerate(events) if _replaces(event.body)), default=0)
    for place, event in enumerate(events):
        if place >= replaced or not isinstance(event.body, MessageDelta):
            yield event


def _replaces(body: RunEventBody) -> bool:
    return isinstance(body, AttemptStarted) and not body.keep


def _finish(reason: str, status: str, usage: Usage | None) -> bytes:
    told = {"status": status} | ({} if usage is None else {"usage": usage})
    return _frame({"type": "finish", "finishReason": reason, "messageMetadata": told})


def _frame(chunk: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % _encode(chunk)
