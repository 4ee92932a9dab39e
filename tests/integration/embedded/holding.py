"""Processes that hold embedded servers, to be killed."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count
from pathlib import Path

import psutil

from adapters.embedded.folder import DataFolder


@contextmanager
def data_folder(path: Path) -> Iterator[DataFolder]:
    """Give the folder and release it."""
    folder = DataFolder(path)
    try:
        yield folder
    finally:
        folder.release()


def names_in(folder: Path) -> list[str]:
    """Return what a folder holds."""
    return sorted(item.name for item in folder.iterdir())


class Holder:
    """A process that holds a server, and what it said of its start: `up <address>` or `problem <why>`."""

    def __init__(self, process: Process, said: str) -> None:
        self._process = process
        self.outcome, _, self.said = said.partition(" ")

    def servers(self) -> list[psutil.Process]:
        """Return all processes that run because of this one."""
        return psutil.Process(self._process.pid).children(recursive=True)

    async def kill(self) -> None:
        """End it with SIGKILL, which it does not notice."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def holding(server: str, path: Path, **environment: str) -> AsyncIterator[Holder]:
    """Run a process that holds a server on the folder; in the end kill it and wait for its servers to go."""
    program = str(Path(__file__).with_name("holder.py"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, program, server, str(path), stdout=PIPE, env={**os.environ, **environment}
    )
    assert process.stdout is not None
    holder = Holder(process, (await process.stdout.readline()).decode().strip())
    servers = holder.servers() if holder.outcome == "up" else []
    try:
        yield holder
    finally:
        await holder.kill()
        await gone(servers)


async def gone(processes: Iterable[psutil.Process]) -> None:
    """Return once none of them runs."""
    await until(lambda: not any(_runs(process) for process in processes))


async def until(so: Callable[[], bool]) -> None:
    """Return once it is so; the test's own time limit ends a vain wait."""
    for _ in count():
        if so():
            return
        await asyncio.sleep(0.002)


def descendants() -> set[psutil.Process]:
    """Return all processes that run because of this one."""
    return set(psutil.Process().children(recursive=True))


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
