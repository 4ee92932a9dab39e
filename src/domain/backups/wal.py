"""The write-ahead log as files: names of segments and positions ("LSN") in them, as PostgreSQL writes them."""

import re
from dataclasses import dataclass
from typing import Final

SEGMENT_NAME: Final = re.compile(r"[\dA-F]{24}")
HISTORY_NAME: Final = re.compile(r"[\dA-F]{8}\.history")
_PARTIAL_NAME: Final = re.compile(r"([\dA-F]{24})\.partial-([\dA-F]{8})")
_XLOG_ID_BYTES: Final = 1 << 32


def lsn_of(text: str) -> int:
    """Return the position that PostgreSQL writes as `16/B374D848`."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def lsn_text(lsn: int) -> str:
    """Return a position as PostgreSQL writes it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One file of the log: its number since the log's beginning, on a timeline."""

    number: int
    timeline: int

    @classmethod
    def of(cls, lsn: int, timeline: int, segment_bytes: int) -> "Segment":
        """Return the segment that holds a position."""
        return cls(lsn // segment_bytes, timeline)

    @classmethod
    def parse(cls, name: str, segment_bytes: int) -> "Segment":
        """Return the segment of a file's name of 24 digits."""
        per_id = _XLOG_ID_BYTES // segment_bytes
        return cls(int(name[8:16], 16) * per_id + int(name[16:24], 16), int(name[:8], 16))

    def name(self, segment_bytes: int) -> str:
        """Return the file's name."""
        high, low = divmod(self.number, _XLOG_ID_BYTES // segment_bytes)
        return f"{self.timeline:08X}{high:08X}{low:08X}"

    def end(self, segment_bytes: int) -> int:
        """Return the position after the segment's last byte."""
        return (self.number + 1) * segment_bytes


def partial_name(segment: str, length: int) -> str:
    """Return the name under which the first `length` bytes of an unfinished segment are kept."""
    return f"{segment}.partial-{length:08X}"


def parse_partial(name: str) -> tuple[str, int] | None:
    """Return segment and length of the beginning of a segment, or None for another name."""
    match = _PARTIAL_NAME.fullmatch(name)
    return (match[1], int(match[2], 16)) if match else None
