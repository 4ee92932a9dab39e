"""Which core does what, and what it costs."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SETTLE: Final = 0.1
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cores:
    """One core for the measured server; client, upstream and databases share the others."""

    server: int
    load: frozenset[int]

    @classmethod
    def split(cls) -> "Cores":
        """Divide the cores that this process may use; RuntimeError if there is only one."""
        allowed = sorted(os.sched_getaffinity(0))
        if len(allowed) < 2:
            raise RuntimeError("The measurements need two cores: one for the server, one for the load.")
        return cls(allowed[-1], frozenset(allowed[:-1]))

    @contextmanager
    def on_server_core(self) -> Iterator[None]:
        """Have processes that are started within run on the server's core."""
        os.sched_setaffinity(0, {self.server})
        try:
            yield
        finally:
            os.sched_setaffinity(0, self.load)


@dataclass(frozen=True, slots=True)
class Usage:
    """A load's seconds, the server's CPU seconds, and shares of a core.

    `server` and `client` are those processes', `load` is all that ran on the fullest of the load's cores, `others` is what ran
    on the server's core and was not the server.
    """

    seconds: float
    server_cpu: float
    server: float
    client: float
    load: float
    others: float


@dataclass(frozen=True, slots=True)
class _Reading:
    at: float
    server: float
    client: float
    busy: dict[int, float]


class Meter:
    """Reads the clocks before and after a load. What a server still does shortly after the last answer counts too.

    Servers that are measured together count as one.
    """

    def __init__(self, pid: int, cores: Cores, *others: int) -> None:
        self._pids, self._cores = (pid, *others), cores
        self._began = self._read()

    async def stop(self) -> Usage:
        """Return the usage since this meter was made."""
        seconds, began = time.perf_counter() - self._began.at, self._began
        await asyncio.sleep(_SETTLE)
        ended = self._read()
        server, client = ended.server - began.server, ended.client - began.client
        busy = {core: ended.busy[core] - before for core, before in began.busy.items()}
        others = max(0.0, busy[self._cores.server] - server)
        load = max(busy[core] for core in self._cores.load)
        return Usage(seconds, server, *(min(1.0, cpu / seconds) for cpu in (server, client, load, others)))

    def _read(self) -> _Reading:
        return _Reading(time.perf_counter(), sum(map(cpu_seconds, self._pids)), time.process_time(), _busy_seconds())


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process, user and system, ended threads included, to the nanosecond (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def _busy_seconds() -> dict[int, float]:
    lines = (line.split() for line in Path("/proc/stat").read_text().splitlines() if line[:3] == "cpu" and line[3] != " ")
    return {int(name[3:]): (sum(map(int, ticks[:8])) - int(ticks[3]) - int(ticks[4])) / _TICKS for name, *ticks in lines}
