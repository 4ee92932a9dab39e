"""A message that was sent, and the reply as it comes."""

from typing import Final

from bench.load.check import RunCheck
from bench.load.world import World

_LATEST_DROP: Final = 45


class Reply:
    """Notes each event: how long it took, and whether it is the right one."""

    __slots__ = ("_endpoint", "_last_at", "_said_at", "_world", "asked_at", "check", "drop_at", "following")

    def __init__(self, world: World, endpoint: str) -> None:
        self._world, self._endpoint, self.check = world, endpoint, RunCheck()
        self._said_at = self.asked_at = world.now()
        self._last_at, self.following = 0.0, ""
        drops = world.random.random() < world.habits.dropping
        self.drop_at = world.random.randint(3, _LATEST_DROP) if drops else 0
        world.notes.counts["messages"] += 1

    def follow(self, endpoint: str) -> None:
        """Note that the rest is asked for over another connection."""
        self.following, self.asked_at = endpoint, self._world.now()
        self._last_at = 0.0

    def take(self, seq: int) -> bool:
        """Note an event; return whether it is a new one."""
        world = self._world
        world.notes.counts["events"] += 1
        if self.following:
            world.notes.answer(self.following, world.now() - self.asked_at)
            self.following = ""
        return self.check.take(seq)

    def created(self, run: str) -> None:
        """Note that the message is accepted."""
        self.check.run = run
        self._world.notes.answer(self._endpoint, self._world.now() - self._said_at)

    def word(self, text: str) -> None:
        """Note a piece of the reply."""
        now, notes = self._world.now(), self._world.notes
        if self._last_at:
            notes.time("gaps", now - self._last_at)
        elif not self.check.has_words:
            notes.time("first", now - self._said_at)
        self._last_at = now
        self.check.say(text)

    def finish(self) -> None:
        """Note the whole reply, which has told its end."""
        notes, check = self._world.notes, self.check
        notes.counts["replies"] += 1
        notes.counts["lost"] += check.lost
        notes.counts["doubled"] += check.doubled
        notes.time("replies", self._world.now() - self._said_at)
        fault = check.fault()
        if fault is not None:
            notes.counts["wrong replies"] += 1
            notes.fault(fault)
