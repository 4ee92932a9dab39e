"""How fast a queue moves: what tells whether the next one to join would wait in vain."""

from typing import Final

# What a statement of ours takes as measured (docs/reference/pools.md), until the queue itself has shown its pace.
_ASSUMED_SECONDS: Final = 0.001
# One long wait says little; that it goes on again says much.
_WEIGHT_SLOWER: Final = 0.1
_WEIGHT_FASTER: Final = 0.5
# For so much of a caller's patience nothing moves where connections are being opened, or the machine is busy.
_HALT: Final = 0.25


class QueuePace:
    """By Little's law: a queue of L waiters before `size` connections, each held for W seconds, takes L x W / `size` seconds.

    W is learned from the time between two turns of this queue, and is at least the time for which it has stood still by now.
    """

    def __init__(self) -> None:
        self.began(0.0)

    def began(self, now: float) -> None:
        """Note that somebody waits where nobody did."""
        self._held, self._moved = _ASSUMED_SECONDS, now

    def moved(self, size: int, now: float) -> None:
        """Note a turn."""
        change = (now - self._moved) * size - self._held
        self._held += change * (_WEIGHT_SLOWER if change > 0 else _WEIGHT_FASTER)
        self._moved = now

    def most_waiting(self, size: int, patience: float, now: float) -> int:
        """Return how many can be served within `patience` seconds: at least one each of the connections."""
        still = now - self._moved
        held = max(self._held, still if still >= _HALT * patience else 0.0, 1e-6)
        return max(size, int(size * patience / held))
