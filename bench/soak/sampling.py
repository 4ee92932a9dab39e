"""A sample every few seconds: of each process, of all serving processes together, and of what the servers tell."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import psutil

from bench.load.rehearsal import Rehearsal
from bench.soak.restarts import Restarts
from bench.soak.series import Book
from bench.soak.servers import Servers

ALL: Final = "serve, all"
_KINDS: Final = ("own memory", "memory", "files", "threads")
_STANDING: Final = ("serve's parent", "worker", "postgres", "valkey")


class Sampling:
    """Fills a book until cancelled; a serving process is named by its place in the order in which they came."""

    def __init__(self, rehearsal: Rehearsal, restarts: Restarts, servers: Servers, now: Callable[[], float]) -> None:
        self._rehearsal, self._restarts, self._servers, self._now = rehearsal, restarts, servers, now
        self._names: dict[int, str] = {}
        self.book = Book()
        self.at: list[float] = []

    async def go_on(self, every: float) -> None:
        """Sample."""
        while True:
            began = self._now()
            await self._sample(began)
            await asyncio.sleep(max(0.1, every - (self._now() - began)))

    async def _sample(self, at: float) -> None:
        serving = self._restarts.serving()
        for pid in serving:
            self._names.setdefault(pid, f"serve {len(self._names) + 1}")
        told = await asyncio.to_thread(self._read, serving)
        tasks = await self._servers.tasks()
        told += [("tasks", self._names[pid], value) for pid, value in tasks.items() if pid in self._names]
        if tasks.keys() >= set(serving):
            told.append(("tasks", ALL, sum(value for pid, value in tasks.items() if pid in serving)))
        told += [(kind, name, value) for (kind, name), value in (await self._servers.ask()).items()]
        told.append(("people", "online", float(self._rehearsal.progress.online_now)))
        told.append(("turns", "sent", float(self._rehearsal.progress.messages)))
        for kind, name, value in told:
            self.book.note(kind, name, at, value)
        self.at.append(at)

    def _read(self, serving: Sequence[int]) -> list[tuple[str, str, float]]:
        sizes = {self._names[pid]: _size([pid]) for pid in serving}
        sizes[ALL] = [sum(values) for values in zip(*sizes.values(), strict=True)] or [0.0] * len(_KINDS)
        for name in _STANDING:
            members = [each.pid for each in self._rehearsal.stage.processes[name][:1]]
            sizes[name] = _size([*members, *_children(members)] if name == "postgres" else members)
        return [(kind, name, value) for name, values in sizes.items() for kind, value in zip(_KINDS, values, strict=True)]


def _children(pids: Sequence[int]) -> list[int]:
    with suppress(psutil.Error):
        return [child.pid for pid in pids for child in psutil.Process(pid).children(recursive=True)]
    return []


def _size(pids: Sequence[int]) -> list[float]:
    """Return the sums by kind; a process that has just ended holds nothing."""
    found = [0.0] * len(_KINDS)
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            memory = process.memory_full_info()
            held = (memory.uss, memory.pss, process.num_fds(), process.num_threads())
            found = [before + value for before, value in zip(found, held, strict=True)]
    return found
