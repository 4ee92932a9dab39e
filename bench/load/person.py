"""When a person does what; how it is done is up to the kind of connection that they have."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable

from bench.load.reply import Reply
from bench.load.world import Account, World

Step = tuple[float, Callable[[], None]]


class Person(ABC):
    """Sends a message every so often; in between a list is read, and a page."""

    def __init__(self, world: World, account: Account) -> None:
        self.world, self.account = world, account
        self.reply: Reply | None = None
        self._steps: list[Step] = []
        self._timer: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None

    @abstractmethod
    def come(self) -> None:
        """Connect, and begin when connected."""

    @abstractmethod
    def say(self) -> None:
        """Send a message."""

    @abstractmethod
    def read(self, endpoint: str, path: str) -> None:
        """Read something."""

    @abstractmethod
    def give_up(self) -> None:
        """Leave off what has taken too long, and connect anew."""

    def plan(self, since: float = 0.0) -> None:
        """Make the plan of the next turn, of which a share lies behind already."""
        world, interval = self.world, self.world.interval()
        began, session = world.loop.time() - since * interval, self.account.session
        page = f"/v1/sessions/{session}/messages?limit=50"
        steps: list[Step] = [
            (world.random.uniform(0.2, 0.5), lambda: self.read("GET /v1/sessions", "/v1/sessions?limit=20")),
            (world.random.uniform(0.5, 0.9), lambda: self.read("GET /v1/sessions/{id}/messages", page)),
            (1.0, self.say),
        ]
        self._steps = [(began + share * interval, act) for share, act in steps if share > since]

    def proceed(self) -> None:
        """Do what comes next, when it is time."""
        self.relax()
        if self.world.closing:
            return
        if not self._steps:
            self.plan()
        at, act = self._steps.pop(0)
        self._timer = self.world.loop.call_at(at, self._act, act)

    def replan(self) -> None:
        """Go over to another pace, if there is nothing that is waited for."""
        if self._timer is not None:
            self._timer.cancel()
            self.plan(self.world.random.random())
            self.proceed()

    def hurry(self) -> None:
        """Wait for what was asked no longer than people are patient."""
        self.relax()
        self._deadline = self.world.loop.call_later(self.world.habits.patience, self.give_up)

    def relax(self) -> None:
        """Wait for nothing."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _act(self, act: Callable[[], None]) -> None:
        self._timer = None
        if not self.world.closing:
            act()
