"""The streams that this node holds for its callers: each is renewed until it is given back."""

import itertools
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from application.ports.limiter import Held, Limiter, Slot
from domain.analytics.usage import Spent
from domain.runs.prompt import DEFAULT_REPLY_TOKENS
from domain.shared.identifiers import NodeId, UserId


class StreamSlots:
    """What is held here. `renew` is called well within a lease's time."""

    def __init__(self, limiter: Limiter, node: NodeId) -> None:
        self._limiter, self._node = limiter, node
        self._numbers = itertools.count(1)
        self._held: dict[str, Slot] = {}

    @property
    def held(self) -> Collection[Slot]:
        """The slots that are held here."""
        return self._held.values()

    def new(self, owner_id: UserId, tokens: int) -> Slot:
        """Return a slot to ask the limiter for."""
        return Slot(owner_id, f"{self._node}.{next(self._numbers)}", tokens)

    def hold(self, slot: Slot) -> "StreamHold":
        """Keep a slot that the limiter has given."""
        self._held[slot.id] = slot
        return StreamHold(self, slot)

    def force(self, owner_id: UserId) -> "StreamHold":
        """Take a slot whatever the limit, for a reply that was accepted before: by another node, or to wait for its turn."""
        slot = self.new(owner_id, DEFAULT_REPLY_TOKENS)
        self._limiter.renew((slot,))
        return self.hold(slot)

    def renew(self) -> None:
        """Keep all of them."""
        if self._held:
            self._limiter.renew(tuple(self._held.values()))

    def give_back(self, slot: Slot, spent: Spent | None) -> None:
        """Give one back, with what was booked if anything was."""
        del self._held[slot.id]
        if spent is None:
            self._limiter.release(slot)
        else:
            self._limiter.settle(slot, spent)


class StreamHold(Held):
    """Holds one stream until the first `settle` or `release`; what comes after changes nothing."""

    __slots__ = ("_slot", "_slots")

    def __init__(self, slots: StreamSlots, slot: Slot) -> None:
        self._slots = slots
        self._slot: Slot | None = slot

    def settle(self, spent: Spent) -> None:
        """Give it back with what was booked."""
        self._end(spent)

    def release(self) -> None:
        """Give it back."""
        self._end(None)

    def pass_on(self) -> "StreamHold | None":
        """Return another hold on it, after which this one holds nothing; None when it does not hold it any more."""
        slot, self._slot = self._slot, None
        return None if slot is None else StreamHold(self._slots, slot)

    def _end(self, spent: Spent | None) -> None:
        slot, self._slot = self._slot, None
        if slot is not None:
            self._slots.give_back(slot, spent)


@contextmanager
def given_back(hold: StreamHold | None) -> Iterator[None]:
    """Give the stream back in the end, unless it was passed on."""
    try:
        yield
    finally:
        if hold is not None:
            hold.release()
