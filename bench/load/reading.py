"""Connections over which people who have a socket read, as browsers do: a few are kept for all of them."""

from collections import deque
from collections.abc import Callable

from bench.load.http_line import HttpLine
from bench.load.world import World

_Question = tuple[str, bytes, Callable[[], None], float]


class Readings:
    """Gives each question to a connection that is free; the wait for one counts as the server's time."""

    def __init__(self, world: World, count: int) -> None:
        self._world = world
        self._waiting: deque[_Question] = deque()
        self._free = [_Reader(world, self) for _ in range(count)]

    def ask(self, endpoint: str, data: bytes, done: Callable[[], None]) -> None:
        """Ask, and call `done` when it is answered, in whatever way."""
        question = (endpoint, data, done, self._world.now())
        if self._free:
            self._free.pop().begin(question)
        else:
            self._waiting.append(question)

    def release(self, reader: "_Reader") -> None:
        """Give the connection something to do, or rest."""
        if self._waiting:
            reader.begin(self._waiting.popleft())
        else:
            self._free.append(reader)


class _Reader:
    """One such connection."""

    def __init__(self, world: World, pool: Readings) -> None:
        self._world, self._pool = world, pool
        self._line: HttpLine | None = None
        self._question: _Question | None = None

    def begin(self, question: _Question) -> None:
        self._question = question
        self._world.notes.counts["requests"] += 1
        if self._line is not None and self._line.ready:
            self._line.ask(question[1])
        else:
            self._line = HttpLine(self, question[1])
            self._world.connect(self._line, self.broken)

    def connected(self) -> None:
        """Have nothing to do with it."""

    def event(self, seq: int, kind: bytes, data: bytes) -> None:
        """Have nothing to do with it."""

    def answered(self, status: int, body: bytes) -> None:
        assert self._question is not None
        endpoint, _, _, asked_at = self._question
        seconds, notes = self._world.now() - asked_at, self._world.notes
        if status == 200:
            notes.answer(endpoint, seconds)
        elif status in (429, 503):
            notes.refuse(endpoint, status, seconds)
        else:
            notes.fail(endpoint, str(status))
        self._finish()

    def broken(self) -> None:
        self._line = None
        if self._question is not None and not self._world.closing:
            self._world.notes.fail(self._question[0], "the connection was lost")
            self._finish()

    def _finish(self) -> None:
        question, self._question = self._question, None
        assert question is not None
        self._pool.release(self)
        question[2]()
