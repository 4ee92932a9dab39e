"""A run's events as the events of a streamed response. Their `sequence_number` follows from the run's events alone.

Whoever comes back with `starting_after` is told everything anew from the first event on, and what lies up to the cursor is left
out: so the numbers are the same for every viewer, on every node, at any time. Where the log of an ended run is gone its events
are fewer; a cursor beyond them is told how the response ended, numbered on.

Text cannot be taken back in this protocol. A reply that is made anew is a new output item: the one before is done, `incomplete`,
with its text, and stands no more in the `output` of the response as it ends. The items of a stream have names of their own, for
the clients refuse one name at two places; the first has the name of the stored message.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import json

from application.ports.run_log import AttemptStarted, End, MessageCompleted, MessageDelta, RunCancelled, RunEvent, RunFailed
from application.runs.views import ResponseView
from domain.runs.run import RunError, RunStatus, Usage
from domain.sessions.message import Message, Role, text_of
from domain.shared.identifiers import reply_of
from entrypoints.http.openai.items import ItemOut, ItemStatus, OutputTextOut
from entrypoints.http.openai.response_shape import ResponseOut, begun_out, cut_short, ended_out

_encode: Final = json.Encoder().encode
_DELTA: Final = (
    b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":%d,"item_id":%b,'
    b'"output_index":%d,"content_index":0,"delta":%b,"logprobs":[]}\n\n'
)
FROM_THE_START: Final = -1


class ResponseEvents:
    """Encodes the events of one run for one viewer, from the first event on, batch by batch, leaving out what it has seen."""

    def __init__(self, view: ResponseView, starting_after: int = FROM_THE_START) -> None:
        self._view, self._after = view, starting_after
        self._next = self._index = 0
        self._item = _encode(self._name())
        self._writing = False
        self._pieces: list[str] = []
        self._last: tuple[str, ResponseOut] | None = None
        self._frames: list[bytes] = []

    def __call__(self, events: Sequence[RunEvent]) -> bytes:
        """Return the frames."""
        for event in events:
            if not self._next:
                self._open()
            match event.body:
                case MessageDelta(text):
                    self._write(text)
                case AttemptStarted(keep=False) if self._writing:
                    self._close("incomplete")
                    self._index, self._pieces = self._index + 1, []
                    self._item = _encode(self._name())
                case MessageCompleted(message, usage):
                    self._complete(message, usage)
                case RunFailed(error):
                    self._break_off("response.failed", RunStatus.FAILED, error)
                case RunCancelled():
                    self._break_off("response.incomplete", RunStatus.CANCELLED, None)
                case End(status):
                    self._end(status)
        told, self._frames = b"".join(self._frames), []
        return told

    def _open(self) -> None:
        begun = begun_out(self._view)
        self._tell("response.created", response=begun)
        self._tell("response.in_progress", response=begun)

    def _write(self, text: str) -> None:
        if not self._writing:
            self._begin_item()
        self._pieces.append(text)
        if self._next > self._after:
            self._frames.append(_DELTA % (self._next, self._item, self._index, _encode(text)))
        self._next += 1

    def _begin_item(self) -> None:
        self._writing = True
        self._tell("response.output_item.added", output_index=self._index, item=self._item_as("in_progress", ()))
        self._tell_of_part("response.content_part.added", part=OutputTextOut(""))

    def _close(self, status: ItemStatus) -> ItemOut:
        """End the item with its text."""
        if not self._writing:
            self._begin_item()
        self._writing = False
        text = "".join(self._pieces)
        part, item = OutputTextOut(text), self._item_as(status, (OutputTextOut(text),))
        self._tell_of_part("response.output_text.done", text=text, logprobs=())
        self._tell_of_part("response.content_part.done", part=part)
        self._tell("response.output_item.done", output_index=self._index, item=item)
        return item

    def _complete(self, message: Message, usage: Usage) -> None:
        cut = cut_short(self._view, usage)
        self._pieces = [text_of(message.content)]
        self._close("incomplete" if cut else "completed")
        ended = ended_out(self._view, RunStatus.COMPLETED, message, usage, None)
        self._finish("response.incomplete" if cut else "response.completed", ended)

    def _break_off(self, kind: str, status: RunStatus, error: RunError | None) -> None:
        """End with the text so far; it is stored under the reply's own name, whatever it was called on the way."""
        item = None
        if self._writing:
            closed = self._close("incomplete")
            item = ItemOut(self._reply_id, closed.role, closed.status, closed.content)
        self._finish(kind, ended_out(self._view, status, item, None, error))

    def _finish(self, kind: str, response: ResponseOut) -> None:
        self._last = (kind, response)
        self._tell(kind, response=response)

    def _end(self, status: RunStatus) -> None:
        """Tell the end to a viewer that has seen as much as there is, and to all if the log had no word of it."""
        if self._last is None:
            self._finish("response.incomplete", ended_out(self._view, status, None, None, None))
        if self._last is not None and self._next <= self._after + 1:
            self._next = self._after + 1
            self._tell(self._last[0], response=self._last[1])

    def _tell_of_part(self, kind: str, **fields: Any) -> None:
        self._tell(kind, item_id=self._name(), output_index=self._index, content_index=0, **fields)

    def _tell(self, kind: str, **fields: Any) -> None:
        if self._next > self._after:
            event: Mapping[str, Any] = {"type": kind, "sequence_number": self._next, **fields}
            self._frames.append(b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode(event)))
        self._next += 1

    @property
    def _reply_id(self) -> str:
        return self._view.reply.id if self._view.reply is not None else reply_of(self._view.run.id)

    def _name(self) -> str:
        return f"{self._reply_id}_{self._index + 1}" if self._index else self._reply_id

    def _item_as(self, status: ItemStatus, content: Sequence[OutputTextOut]) -> ItemOut:
        return ItemOut(self._name(), Role.ASSISTANT, status, content)
