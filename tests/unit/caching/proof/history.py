"""What was committed and when, and how old what somebody reads may be.

The bounds, from section 6 of the contract (docs/reference/cache.md):

1. *Acknowledged*: a write whose invalidation returned is seen by every reading that begins after that, on any node.
2. *Invalidated*: once the server has carried an invalidation out, a reading that begins REMEMBERED_SECONDS later, or more, sees
   the write, whatever became of the writer, the answer and the messages.
3. *Declared*: a reading that begins more than the key's lifetime after a commit sees it, whether or not anything was invalidated.
   It is counted from the commit: what is stored lives from the moment of its lease, which is before the reading of the database,
   which is before the commit that put it out of date; copies in processes end with it, and a flight takes nobody aboard.
4. *Repaired*: when the outbox has repeated an event with success, 1 holds for it too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from application.ports.cache import REMEMBERED_SECONDS

# The server counts whole milliseconds, and keeps the briefest value for one.
_GRAIN_SECONDS = 0.003


@dataclass
class KeyHistory:
    """The versions of one key are its commits, counted from 0, by the moment when each was made."""

    commits: list[float]
    acknowledged: int = 0
    invalidated: list[tuple[float, int]] = field(default_factory=list)

    @property
    def version(self) -> int:
        """What is stored now."""
        return len(self.commits) - 1


@dataclass
class Reading:
    """A reading under way, and what the contract promises it."""

    key: str
    node: int
    began: float
    promised: int
    why: str


class History:
    """Keys, by name, and the rules."""

    def __init__(self, keys: tuple[str, ...], lifetime: float, monotonic: Callable[[], float]) -> None:
        self._monotonic, self._lifetime = monotonic, lifetime
        self.keys = {key: KeyHistory([monotonic()]) for key in keys}

    def commit(self, key: str) -> int:
        """Store another version."""
        self.keys[key].commits.append(self._monotonic())
        return self.keys[key].version

    def acknowledge(self, key: str, version: int) -> None:
        """Note that a write was acknowledged, and its invalidation done."""
        self.keys[key].acknowledged = max(self.keys[key].acknowledged, version)

    def invalidate(self, key: str) -> None:
        """Note that the server carries an invalidation out."""
        self.keys[key].invalidated.append((self._monotonic(), self.keys[key].version))

    def begin(self, key: str, node: int) -> Reading:
        """Begin a reading."""
        now, told = self._monotonic(), self.keys[key]
        invalidated = max((v for at, v in told.invalidated if now - at > REMEMBERED_SECONDS + _GRAIN_SECONDS), default=0)
        declared = max((v for v, at in enumerate(told.commits) if now - at > self._lifetime + _GRAIN_SECONDS), default=0)
        promised, why = max((told.acknowledged, "acknowledged"), (invalidated, "invalidated"), (declared, "declared"))
        return Reading(key, node, now, promised, why)

    def end(self, reading: Reading, version: int) -> None:
        """Compare what was read with what was promised."""
        now = self._monotonic()
        assert version >= reading.promised, (
            f"node {reading.node} read version {version} of {reading.key!r}, where {reading.promised} was {reading.why} when it "
            f"began at {reading.began:.3f} (now {now:.3f}); commits at {self.keys[reading.key].commits}"
        )
