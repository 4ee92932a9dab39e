"""What the processes take while the load is on: CPU second by second, memory and open files when asked."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

from bench.cpu import cpu_seconds

Processes = Mapping[str, Sequence[psutil.Process]]


@dataclass(frozen=True, slots=True)
class Size:
    """What a process holds: memory that is its own (USS), that and its share of what it shares (PSS), in bytes; open files."""

    uss: int
    pss: int
    files: int


class Gauges:
    """Reads the clocks of named processes once a second; a name may stand for several."""

    def __init__(self, processes: Processes) -> None:
        self._processes = dict(processes)
        self.cpu: dict[str, list[float]] = {name: [] for name in processes}
        self.seconds: list[float] = []
        self._before = self._read()

    def watch(self, name: str, processes: Sequence[psutil.Process]) -> None:
        """Read these too, from now on."""
        self._processes[name] = processes
        self.cpu[name] = [0.0] * len(self.seconds)
        self._before[name] = sum(map(_seconds, self._members(name)))

    async def read_on(self) -> None:
        """Read until cancelled."""
        loop = asyncio.get_running_loop()
        began = last = loop.time()
        while True:
            await asyncio.sleep(1)
            now, read = loop.time(), self._read()
            for name, seconds in read.items():
                self.cpu[name].append(max(0.0, seconds - self._before[name]) / (now - last))
            self.seconds.append(now - began)
            self._before, last = read, now

    def sizes(self, names: Sequence[str]) -> dict[str, Size]:
        """Return what these hold now."""
        return {name: _size(self._members(name)) for name in names}

    def share(self, name: str, first: int, last: int | None = None) -> float:
        """Return the share of a core that it took in these seconds (by their place)."""
        taken = self.cpu[name][first:last]
        return sum(taken) / len(taken) if taken else 0.0

    def _read(self) -> dict[str, float]:
        return {name: sum(map(_seconds, self._members(name))) for name in self._processes}

    def _members(self, name: str) -> list[psutil.Process]:
        """Return the processes of this name; a database server has a process for each connection."""
        found = [*self._processes[name]]
        if name == "postgres":
            with suppress(psutil.Error):
                found = [found[0], *found[0].children(recursive=True)]
        return found


def _seconds(process: psutil.Process) -> float:
    try:
        return cpu_seconds(process.pid)
    except OSError:
        return 0.0


def _size(processes: Sequence[psutil.Process]) -> Size:
    uss = pss = files = 0
    for process in processes:
        with suppress(psutil.Error):
            memory = process.memory_full_info()
            uss, pss, files = uss + memory.uss, pss + memory.pss, files + process.num_fds()
    return Size(uss, pss, files)
