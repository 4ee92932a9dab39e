"""A provider's bytes as ours: another identifier, and the model under the name by which it was asked for.

Events are not decoded but for the first: what must change stands in all of them in the same bytes, and is replaced.
"""

from typing import Any, Final

from msgspec import DecodeError, Raw, json

from application.ports.chat_model import ModelFailed
from application.ports.completions import CompletionUsage
from domain.runs.run import Usage

_decode: Final = json.Decoder().decode
_encode: Final = json.Encoder().encode
DONE: Final = b"data: [DONE]\n\n"


class Relabelled:
    """Gives a completion the identifier `completion_id` and the model's name `asked`; `created` is told by its first event."""

    __slots__ = ("_asked", "_beginning", "_id", "_needles", "_our_beginning", "_ours", "created")

    def __init__(self, completion_id: str, asked: str, created: int) -> None:
        self._id, self._asked, self.created = completion_id, asked, created
        self._ours = b'"id":' + _encode(completion_id), b'"model":' + _encode(asked)
        # What stands in the provider's events; not known before the first.
        self._needles: tuple[bytes, bytes] | None = None
        # With most providers both stand at the beginning, which is then the same in all events.
        self._beginning = self._our_beginning = b""

    def events(self, piece: bytes) -> bytes:
        """Return whole events as ours; ModelFailed for one that is no JSON object."""
        beginning = self._beginning
        if beginning and piece.startswith(beginning) and _is_plain(piece, 1):
            return self._our_beginning + piece[len(beginning) :]
        if self._needles is not None:
            named, modelled = self._needles
            count = piece.count(b"\n\n")
            if piece.count(named) == count == piece.count(modelled) and _is_plain(piece, count):
                return piece.replace(named, self._ours[0]).replace(modelled, self._ours[1])
        return b"".join([self._event(event) for event in piece.split(b"\n\n") if event])

    def whole(self, body: bytes, usage: Usage) -> bytes:
        """Return the completion as ours, with the usage if it has none."""
        told = _decode(body)
        told |= {"id": self._id, "model": self._asked}
        if not told.get("usage"):
            told["usage"] = _usage(usage)
        return _encode(told)

    def end(self, usage: CompletionUsage | None, counted: Usage, *, tells_usage: bool) -> bytes:
        """Return what stands at the end of a stream."""
        if not tells_usage:
            return DONE
        body = {
            "id": self._id, "object": "chat.completion.chunk", "created": self.created, "model": self._asked, "choices": [],
            "usage": _usage(counted) if usage is None else Raw(usage.told),
        }
        return b"data: " + _encode(body) + b"\n\n" + DONE

    def _event(self, event: bytes) -> bytes:
        data = b"\n".join([line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:")])
        if not data:
            return b""
        try:
            body = _decode(data)
        except (DecodeError, ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise ModelFailed("an event is not a completion chunk")
        self._learn(event, body)
        created = body.get("created")
        self.created = created if isinstance(created, int) else self.created
        body |= {"id": self._id, "model": self._asked}
        return b"data: " + _encode(body) + b"\n\n"

    def _learn(self, event: bytes, body: dict[str, Any]) -> None:
        """Note the bytes in which identifier and model stand; none if they do not stand there once each."""
        named, modelled = (_spelling(event, name, body.get(name)) for name in ("id", "model"))
        self._needles, self._beginning = None, b""
        if named is None or modelled is None:
            return
        self._needles = named, modelled
        beginning = event[: max(event.index(named) + len(named), event.index(modelled) + len(modelled))]
        if beginning.find(b"[") < 0:  # not behind the choices
            ours = beginning.replace(named, self._ours[0]).replace(modelled, self._ours[1])
            self._beginning, self._our_beginning = beginning, ours


def _is_plain(piece: bytes, count: int) -> bool:
    """Tell whether these are so many events of one line of data each, in UTF-8: anything else is not passed on unread."""
    if piece.count(b"\n") != 2 * count or piece.count(b"\n\ndata:") != count - 1 or not piece.endswith(b"\n\n"):
        return False
    if not piece.startswith(b"data:") or b"\r" in piece:
        return False
    try:
        return piece.isascii() or bool(piece.decode())
    except UnicodeDecodeError:
        return False


def _spelling(event: bytes, name: str, value: object) -> bytes | None:
    spelled = [b'"%b":%b%b' % (name.encode(), space, _encode(value)) for space in (b"", b" ")] if isinstance(value, str) else []
    return next((one for one in spelled if event.count(one) == 1), None)


def _usage(usage: Usage) -> dict[str, int]:
    counts = {"prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens}
    return {**counts, "total_tokens": usage.total}
