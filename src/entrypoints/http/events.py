"""What viewers are told of a run: one JSON object per event, the same over server-sent events and WebSocket."""

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
from entrypoints.http.wire import MessageOut, RunOut

_encoder: Final = json.Encoder()


def event_fields(body: RunEventBody) -> tuple[str, dict[str, Any]]:  # noqa: PLR0911
    """Return the event's type on the wire and its own fields."""
    match body:
        case MessageDelta():
            return "message.delta", {"text": body.text}
        case RunCreated():
            return "run.created", {"run": RunOut.of(body.run), "message": MessageOut.of(body.message)}
        case AttemptStarted():
            return "attempt", {"attempt": body.attempt, "reason": body.reason, "keep": body.keep}
        case MessageCompleted():
            return "message.completed", {"message": MessageOut.of(body.message), "usage": body.usage}
        case RunFailed():
            return "run.failed", {"error": body.error}
        case RunCancelled():
            return "run.cancelled", {}
        case End():
            return "end", {"status": body.status}


def encode_event(event: RunEvent) -> tuple[str, bytes]:
    """Return the event's type and its JSON object, in one line."""
    kind, fields = event_fields(event.body)
    return kind, _encoder.encode({"seq": event.seq, "type": kind, "run_id": event.run_id, **fields})
