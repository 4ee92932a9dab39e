"""Real processes for tests: programs as an operator runs them, with all that they write and all that they start."""

import asyncio
import itertools
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import psutil

from tests.support.api import PASSWORD
from tests.support.forked import TIED_TO_US, fork

REPOSITORY = Path(__file__).parents[2]
ONELAST = str(Path(sys.executable).with_name("onelast"))
_MARK = "TEST_PROGRAM"
# A program that is compiled anew each time that it starts takes a third longer to be there.
_NOT_INHERITED = ("ONELAST_", "PYTHONDONTWRITEBYTECODE")
_TOKEN = re.compile(r"\bol[art]_[\w-]{8,}")


class _Process(Protocol):
    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended and what it wrote."""

    status: int
    out: str
    err: str


class Program:
    """A running program; whatever it starts bears its mark in the environment, and so is found even when it is an orphan."""

    def __init__(self, process: _Process, environment: Mapping[str, str], folder: Path) -> None:
        self._process, self._environment, self._folder = process, environment, folder

    @property
    def out(self) -> str:
        """What it wrote to its standard output so far."""
        return (self._folder / "out").read_text()

    @property
    def err(self) -> str:
        """What it wrote to its standard error so far."""
        return (self._folder / "err").read_text()

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    async def says(self, text: str, within: float = 60) -> None:
        """Return when the text stands in its output."""
        async def said() -> bool:
            running = self.running
            found = text in self.out + self.err
            assert found or running, f"it ended with {self._process.returncode}:\n{self.out}{self.err}"
            return found

        await until(said, within)

    @property
    def itself(self) -> psutil.Process:
        """The process that was started, without what it started."""
        return psutil.Process(self._process.pid)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and to nobody else, as a terminal does: what it starts has sessions of its own."""
        os.killpg(self._process.pid, number)

    async def end(self, number: signal.Signals | None = None, within: float = 20) -> Ended:
        """Wait until it ends, after a signal if one is given."""
        if number is not None:
            self.send(number)
        async with asyncio.timeout(within):
            status = await self._process.wait()
        return Ended(status, self.out, self.err)

    def family(self) -> list[psutil.Process]:
        """Return the processes that live and stem from it, itself included."""
        mark, pid = self._environment[_MARK], self._process.pid if self.running else None
        marked = [process for process in psutil.process_iter() if process.pid == pid or _mark_of(process) == mark]
        return [process for process in {*marked, *itertools.chain(*map(_descendants, marked))} if _lives(process)]

    async def leaves_nothing(self, within: float = 20) -> None:
        """Return when none of its processes is left."""
        async def gone() -> bool:
            return not self.family()

        await until(gone, within)

    async def clear_away(self) -> None:
        """Kill it; what it started dies with it, or is killed as well."""
        with suppress(ProcessLookupError):
            self.send(signal.SIGKILL)
        await self._process.wait()
        with suppress(TimeoutError):
            await self.leaves_nothing(within=10)
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def require_discreet(self) -> None:
        """Return if nothing that it wrote gives away a token or a password that it was told."""
        written = self.out + self.err
        assert not _TOKEN.search(written), written
        for secret in (PASSWORD, *_secrets(self._environment)):
            assert secret not in written, f"{secret!r} in:\n{written}"


@asynccontextmanager
async def running(
    *command: str, environment: Mapping[str, str] | None = None, afresh: bool = False
) -> AsyncIterator[Program]:
    """Start a program; in the end leave no process of it, and look at what it wrote.

    `onelast` is forked where it would import the same as always, unless it shall be started `afresh`, as an operator does.
    """
    with TemporaryDirectory(prefix="onelast-test-") as folder:
        forked = not afresh and command[0] == ONELAST and all(name.startswith("ONELAST_") for name in environment or {})
        program = await _start(command, environment or {}, Path(folder), forked=forked)
        try:
            yield program
        finally:
            await program.clear_away()
        program.require_discreet()


async def run(
    *command: str, environment: Mapping[str, str] | None = None, within: float = 60, afresh: bool = False
) -> Ended:
    """Run a program to its end."""
    async with running(*command, environment=environment, afresh=afresh) as program:
        return await program.end(within=within)


async def run_onelast(*arguments: str, environment: Mapping[str, str] | None = None, afresh: bool = False) -> Ended:
    """Run the command line to its end."""
    return await run(ONELAST, *arguments, environment=environment, afresh=afresh)


async def _start(command: tuple[str, ...], environment: Mapping[str, str], folder: Path, *, forked: bool) -> Program:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    whole = {**inherited, **environment, _MARK: uuid4().hex}
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        if forked:
            return Program(await fork(command[1:], whole, out, err), whole, folder)
        process = await asyncio.create_subprocess_exec(
            *TIED_TO_US, *command, stdin=DEVNULL, stdout=out, stderr=err, env=whole, cwd=REPOSITORY, start_new_session=True
        )
    return Program(process, whole, folder)


async def until(reached: Callable[[], Awaitable[bool]], within: float = 20) -> None:
    """Return when it is reached; TimeoutError after so many seconds. What is asked about tells nobody by itself."""
    async with asyncio.timeout(within):
        while not await reached():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _secrets(environment: Mapping[str, str]) -> list[str]:
    """Return the passwords and keys among the settings."""
    settings = {name: value for name, value in environment.items() if name.startswith("ONELAST_")}
    passwords = [urlsplit(item).password for value in settings.values() for item in value.split(",") if "://" in item]
    keys = [value for name, value in settings.items() if name.endswith("_KEY")]
    return [unquote(secret) for secret in (*passwords, *keys) if secret]


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(_MARK)
    except psutil.Error:
        return None


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
