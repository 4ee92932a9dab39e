"""How new what is read has to be, and how far a caller's own changes reach."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from domain.shared.errors import Invalid
from domain.shared.identifiers import RunId

_FORM: Final = re.compile(r"([\da-f]{1,8})\.([\da-f]{1,4})\.([\da-f]{1,16})((?:\.run_[\da-z]{26}){0,8})")
# A caller that follows more replies at once than this reads at the source.
MOST_PENDING: Final = 8


class MalformedPosition(Invalid):
    """The text is no position that this service gave."""

    code = "malformed_position"


class Tolerance(Enum):
    """FRESH sees every change that was acknowledged before; ANY may be behind by as much as a replica may (seconds)."""

    FRESH = "fresh"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Position:
    """A moment in the history of one shard; who has seen it must not be shown anything older.

    `map_version` is that of the shard map under which it was noted, `reached` the log's position in bytes. The changes that
    `pending` runs will make when they end belong to it too: until it is settled, only the source is new enough.
    """

    map_version: int
    shard: int
    reached: int
    pending: tuple[RunId, ...] = ()

    def __str__(self) -> str:
        return ".".join((f"{self.map_version:x}.{self.shard:x}.{self.reached:x}", *self.pending))

    @classmethod
    def parse(cls, text: str, *, param: str) -> "Position":
        """Return the position that was written as `text`; MalformedPosition naming `param`."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise MalformedPosition(f"'{param}' is neither 'fresh' nor 'any' nor a position from an earlier answer.", param=param)
        pending = tuple(RunId(run) for run in match[4].split(".") if run)
        return cls(int(match[1], 16), int(match[2], 16), int(match[3], 16), pending)


Freshness = Tolerance | Position


def freshness_from(text: str, *, param: str) -> Freshness:
    """Return what 'fresh', 'any' or a position asks for; MalformedPosition naming `param`."""
    for tolerance in Tolerance:
        if text == tolerance.value:
            return tolerance
    return Position.parse(text, param=param)
