"""Server-sent events out of bytes (WHATWG HTML, section 9.2.6, "Interpreting an event stream")."""

from typing import Final

LONGEST_EVENT: Final = 256 * 1024


class EventSplitter:
    """Cuts a byte stream into the data of its events, wherever the chunks' borders lie.

    Lines end in LF, CRLF or CR; comments, other fields and events without data are passed over; an event without its closing
    blank line is none. `overflowed` becomes true at an event of more than `longest` bytes; nothing is read after it.
    """

    __slots__ = ("_after_cr", "_longest", "_rest", "overflowed")

    def __init__(self, longest: int = LONGEST_EVENT) -> None:
        self._longest = longest
        self._rest = b""
        self._after_cr = False
        self.overflowed = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of the events that this chunk completes, in order."""
        if self._after_cr or b"\r" in chunk:
            chunk, self._after_cr = with_line_feeds(chunk, after_cr=self._after_cr)
        if self.overflowed:
            return []
        *events, self._rest = (self._rest + chunk).split(b"\n\n") if self._rest else chunk.split(b"\n\n")
        return self._data_of(events)

    def _data_of(self, events: list[bytes]) -> list[bytes]:
        found: list[bytes] = []
        for event in events:
            if len(event) > self._longest:
                self.overflowed = True
                return found
            data = event[6:] if event.startswith(b"data: ") and b"\n" not in event else _joined_data(event)
            if data:
                found.append(data)
        # One byte more is let through: it may be the first half of the blank line that ends the event.
        self.overflowed = len(self._rest) > self._longest + 1
        return found


def with_line_feeds(chunk: bytes, *, after_cr: bool) -> tuple[bytes, bool]:
    """Return the chunk with each line end as one LF, and whether it ends in a CR.

    An LF whose CR came in the chunk before (`after_cr`) is dropped.
    """
    if after_cr and chunk:
        after_cr = False
        chunk = chunk.removeprefix(b"\n")
    return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), after_cr or chunk.endswith(b"\r")


def _joined_data(event: bytes) -> bytes:
    """Return the event's data lines, joined by LF."""
    lines = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines)
