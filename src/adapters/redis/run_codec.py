"""Events of a run's log in bytes: MessagePack, each event as its kind's number and its fields."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from msgspec import Raw, msgpack

from application.ports.run_log import (
    AttemptStarted,
    End,
    MessageCompleted,
    MessageDelta,
    RunCancelled,
    RunCreated,
    RunEventBody,
    RunFailed,
)

_KINDS: Final[tuple[type, ...]] = (MessageDelta, RunCreated, AttemptStarted, MessageCompleted, RunFailed, RunCancelled, End)
_NUMBERS: Final = {kind: number for number, kind in enumerate(_KINDS)}
_DECODERS: Final[tuple[Any, ...]] = tuple(msgpack.Decoder(kind) for kind in _KINDS)
_pairs: Final = msgpack.Decoder(list[tuple[int, Raw]])
_encode: Final = msgpack.Encoder().encode


class Entry(NamedTuple):
    """Neighbouring events that were written together by one attempt; `first` is the number of the first."""

    first: int
    attempt: int
    bodies: tuple[RunEventBody, ...]

    @property
    def last(self) -> int:
        """The number of the last event."""
        return self.first + len(self.bodies) - 1

    @property
    def tip(self) -> str:
        """What tells a log whose newest entry this is from others: the entry's id and its attempt."""
        return f"{self.first}-0 {self.attempt}"


def encode_bodies(bodies: Sequence[RunEventBody]) -> bytes:
    """Return the events in bytes."""
    return _encode([(_NUMBERS[type(body)], body) for body in bodies])


def decode_bodies(payload: bytes) -> tuple[RunEventBody, ...]:
    """Return the events; msgspec.DecodeError."""
    return tuple(_DECODERS[number].decode(raw) for number, raw in _pairs.decode(payload))


def entry_of(stored: Any) -> Entry:
    """Return the entry of a stream as XRANGE gives it: an id and flat fields."""
    stream_id, fields = stored
    named = dict(zip(fields[::2], fields[1::2], strict=True))
    return Entry(int(stream_id.partition(b"-")[0]), int(named[b"a"]), decode_bodies(named[b"e"]))


def entry_heard(message: bytes) -> Entry:
    """Return the entry as it is published: number, attempt and events with spaces between."""
    first, attempt, payload = message.split(b" ", 2)
    return Entry(int(first), int(attempt), decode_bodies(payload))
