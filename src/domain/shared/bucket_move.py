"""A move of buckets from one shard to another, as it stands in the catalog."""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """How far a move has come; what a phase's work leaves behind is found by whoever goes on from it."""

    PLANNED = "planned"
    COPYING = "copying"
    CAUGHT_UP = "caught_up"
    ANNOUNCED = "announced"
    FENCING = "fencing"
    FLIPPED = "flipped"
    MISMATCH = "mismatch"
    VERIFIED = "verified"
    DONE = "done"
    ABORTING = "aborting"
    ABORTED = "aborted"

    @property
    def revocable(self) -> bool:
        """Whether the buckets are still at home where they were, so that the move can be taken back."""
        return self in REVOCABLE


REVOCABLE = frozenset({Phase.PLANNED, Phase.COPYING, Phase.CAUGHT_UP, Phase.ANNOUNCED, Phase.FENCING, Phase.ABORTING})


@dataclass(frozen=True, slots=True)
class BucketMove:
    """The buckets, in order, with the shards between which they move; `fence` names the last fence that was to be put up."""

    id: str
    buckets: tuple[int, ...]
    source: int
    target: int
    phase: Phase = Phase.PLANNED
    fence: str | None = None

    def __str__(self) -> str:
        return f"{buckets_text(self.buckets)} from shard {self.source} to shard {self.target}"


def buckets_text(buckets: tuple[int, ...]) -> str:
    """Return a few words for some buckets: `bucket 7`, `buckets 7-9, 12`."""
    runs: list[list[int]] = []
    for bucket in sorted(buckets):
        if runs and bucket == runs[-1][1] + 1:
            runs[-1][1] = bucket
        else:
            runs.append([bucket, bucket])
    told = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs[:6])
    more = f" and {len(runs) - 6} more runs" if len(runs) > 6 else ""
    return f"bucket{'s' if len(buckets) > 1 else ''} {told}{more}"
