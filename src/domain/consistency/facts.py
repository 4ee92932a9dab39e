"""What is known of one row and of what belongs to it, read at one moment."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from domain.consistency.faults import Code, Fault
from domain.consistency.whereabouts import Lodging, Whereabouts

OVERDUE_SECONDS: Final = 300.0
MANY_ATTEMPTS: Final = 10


class Facts(Protocol):
    """A row that can tell what is wrong with it."""

    @property
    @abstractmethod
    def key(self) -> str:
        """Return what finds the row again."""

    @abstractmethod
    def faults(self, where: Whereabouts) -> Iterator[Fault]:
        """Tell what is wrong."""


@dataclass(frozen=True, slots=True)
class KeyFacts(Facts):
    """An idempotency key of an owner's; `name` is the client's own word and is not shown."""

    lodging: Lodging
    name: str
    owner_known: bool

    @property
    def key(self) -> str:
        """Return the owner and the name."""
        return f"{self.lodging.identifier} {self.name}"

    def faults(self, where: Whereabouts) -> Iterator[Fault]:
        """Tell what is wrong with it."""
        ids = {"owner_id": self.lodging.identifier}
        yield from self.lodging.faults(where, ids)
        if self.lodging.at_home(where) and not self.owner_known:
            yield Fault(Code.OWNER_UNKNOWN, ids, "idempotency keys of an owner whom the catalog does not know")


@dataclass(frozen=True, slots=True)
class EventFacts(Facts):
    """An event that waits in an outbox; `due_for` is in seconds, negative before it is due."""

    id: str
    kind: str
    due_for: float
    attempts: int

    @property
    def key(self) -> str:
        """Return the identifier."""
        return self.id

    def faults(self, where: Whereabouts) -> Iterator[Fault]:
        """Tell whether it is stuck."""
        ids = {"event_id": self.id, "kind": self.kind}
        if self.attempts >= MANY_ATTEMPTS:
            yield Fault(Code.EVENT_FAILING, ids, f"the event was tried {self.attempts} times and still waits")
        elif self.due_for > OVERDUE_SECONDS:
            yield Fault(Code.EVENT_OVERDUE, ids, f"the event is due for {self.due_for / 60:.0f} minutes and no worker takes it")


@dataclass(frozen=True, slots=True)
class PinFacts(Facts):
    """An owner's pin to a shard."""

    user_id: str
    shard: int

    @property
    def key(self) -> str:
        """Return the owner."""
        return self.user_id

    def faults(self, where: Whereabouts) -> Iterator[Fault]:
        """Tell whether there is such a shard."""
        if not 0 <= self.shard < where.shard_count:
            text = f"the owner is pinned to shard {self.shard}, but the settings name {where.shard_count} shards"
            yield Fault(Code.PIN_BEYOND_SETTINGS, {"user_id": self.user_id}, text)


@dataclass(frozen=True, slots=True)
class IndexFacts(Facts):
    """An index, and what the server found wrong with it, if anything."""

    name: str
    problem: str | None

    @property
    def key(self) -> str:
        """Return the name."""
        return self.name

    def faults(self, where: Whereabouts) -> Iterator[Fault]:
        """Tell what the server found."""
        if self.problem is not None:
            yield Fault(Code.INDEX_BROKEN, {"index": self.name}, self.problem)
