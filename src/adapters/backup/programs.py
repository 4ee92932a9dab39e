"""PostgreSQL's own programs: where they are, how a server is run that refuses root, and children that end with us."""

import asyncio
import os
import re
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.backups.problems import ServerRefuses

_TIED_TO_US: Final = ("setpriv", "--pdeathsig", "KILL")
_ENDING_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Programs:
    """`folder` holds them (None: the PATH does); `prefix` and `own` let a server run that refuses root."""

    folder: Path | None
    prefix: tuple[str, ...]
    own: Callable[[Path], None]

    def path(self, name: str) -> str:
        """Return where a program is; ServerRefuses names it when it is nowhere."""
        found = shutil.which(name, path=None if self.folder is None else str(self.folder))
        if found is None:
            raise ServerRefuses(f"PostgreSQL's program {name} is not on the PATH; install its client programs.")
        return found

    async def start(
        self, name: str, *arguments: str, log: Path, environment: Mapping[str, str] | None = None, listen: bool = False
    ) -> Process:
        """Start a client program, in English; it ends with us. Its errors go to `log`, with `listen` its output is ours."""
        return await _spawn((*_TIED_TO_US, self.path(name), *arguments), log, environment or {}, PIPE if listen else DEVNULL)

    async def major(self) -> int | None:
        """Return the release of the server program, None when there is none."""
        try:
            process = await asyncio.create_subprocess_exec(self.path("postgres"), "--version", stdout=PIPE)
        except ServerRefuses:
            return None
        told, _ = await process.communicate()
        match = re.search(rb"(\d+)", told)
        return int(match[1]) if match else None

    async def start_server(self, *arguments: str, log: Path) -> Process:
        """Start `postgres`; it ends with us."""
        return await _spawn((*self.prefix, *_TIED_TO_US, self.path("postgres"), *arguments), log, {}, DEVNULL)


async def _spawn(command: Sequence[str], log: Path, environment: Mapping[str, str], output: int) -> Process:
    with log.open("ab") as sink:
        return await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=output, stderr=sink, env={**os.environ, "LC_ALL": "C", **environment},
            start_new_session=True,
        )


async def end(process: Process, number: signal.Signals = signal.SIGTERM, within: float = _ENDING_SECONDS) -> None:
    """Ask a program to end, and kill it if it takes longer than `within` seconds."""
    for sent in (number, signal.SIGKILL):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(sent)
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await process.wait()


def last_line(log: Path) -> str:
    """Return what a program said last."""
    lines: Sequence[str] = [line for line in log.read_text(errors="replace").splitlines() if line.strip()] if log.exists() else []
    return lines[-1].strip() if lines else "it said nothing"
