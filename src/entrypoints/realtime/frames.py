"""The frames of the realtime socket: what clients send, and what they get beside the events of runs."""

import re
from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType, ValidationError, json

from application.ports.run_log import RunEvent
from domain.sessions.message import TextPart
from domain.sessions.session import OnActive
from domain.shared.errors import DomainError, Invalid
from entrypoints.http.errors import named_field, told
from entrypoints.http.events import encode_event
from entrypoints.http.wire import ErrorBody, In, MessageIn, Out, TextPartIn

Label = Annotated[str, Meta(max_length=255)]
_PLACE: Final = re.compile(r" - at `(?:\$\.?)?([^`]*)`$")


class MalformedFrame(Invalid):
    """The frame is no JSON text."""

    code = "malformed_request"


class Frame(In, frozen=True, tag_field="type", kw_only=True):
    """The ancestor of what clients send; `event_id` is theirs, and comes back in the answer."""

    event_id: Label | None = None


class MessageCreate(Frame, frozen=True, tag="message.create", kw_only=True):
    """Say something; the answer is the run's events."""

    session_id: str
    content: str | Annotated[list[TextPartIn], Meta(min_length=1, max_length=64)]
    on_active: OnActive = OnActive.REJECT
    client_message_id: str | None = None

    def parts(self) -> tuple[TextPart, ...]:
        """Return what is said."""
        return MessageIn(self.content).parts()


class RunFollow(Frame, frozen=True, tag="run.follow", kw_only=True):
    """Read a run from behind a cursor on; 0 or less is the start."""

    run_id: str
    starting_after: int = 0


class RunCancel(Frame, frozen=True, tag="run.cancel", kw_only=True):
    """Stop a run; the answer is its end."""

    run_id: str


class Ping(Frame, frozen=True, tag="ping", kw_only=True):
    """The answer is a pong."""


ClientFrame = MessageCreate | RunFollow | RunCancel | Ping


class Pong(Out, frozen=True, omit_defaults=True, tag_field="type", tag="pong"):
    """The answer to a ping."""

    event_id: str | None = None


class ErrorFrame(Out, frozen=True, tag_field="type", tag="error"):
    """What went wrong, with which frame (`event_id`), and which run is not followed because of it."""

    error: ErrorBody
    event_id: str | None
    run_id: str | UnsetType = UNSET


class _Labelled(Out, frozen=True):
    event_id: str | None = None


_frames: Final = json.Decoder(ClientFrame)
_labels: Final = json.Decoder(_Labelled)
_encoder: Final = json.Encoder()


def read_frame(text: str | None) -> ClientFrame:
    """Return what a frame says (None stands for one without text); Invalid."""
    try:
        frame: ClientFrame = _frames.decode(text or "")
    except (ValueError, RecursionError) as error:
        raise _refusal(error) from None
    return frame


def label_of(text: str | None) -> str | None:
    """Return the `event_id` of a frame that cannot be read, if there is one."""
    try:
        return _labels.decode(text or "").event_id
    except (ValueError, RecursionError):
        return None


def pong(event_id: str | None) -> bytes:
    """Return the answer to a ping."""
    return _encoder.encode(Pong(event_id))


def event_frame(event: RunEvent, event_id: str | None) -> bytes:
    """Return an event as it stands in every stream; the first that a client's frame has caused also bears its `event_id`."""
    _, data = encode_event(event)
    return data if event_id is None else b'%b,"event_id":%b}' % (data[:-1], _encoder.encode(event_id))


def error_body(error: DomainError | None, request_id: str) -> ErrorBody:
    """Return what is told about an error; None stands for one that is not the caller's business."""
    if error is None:
        return ErrorBody("api_error", "internal_error", "Something went wrong on our side.", None, request_id)
    _, kind, message = told(error)
    return ErrorBody(kind, error.code, message, error.param, request_id)


def error_frame(body: ErrorBody, event_id: str | None, run_id: str | None) -> bytes:
    """Return an error."""
    return _encoder.encode(ErrorFrame(body, event_id, UNSET if run_id is None else run_id))


def _refusal(error: Exception) -> Invalid:
    message = str(error)
    if not isinstance(error, ValidationError):
        return MalformedFrame("The frame is not JSON text.")
    place = _PLACE.search(message)
    parts = (place[1] if place else "", named_field(message) or "")
    return Invalid(_PLACE.sub("", message) + ".", param=".".join(filter(None, parts)) or None)
