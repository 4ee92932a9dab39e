"""Child processes that never outlive us."""

import asyncio
import os
import signal
import socket
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from adapters.embedded.folder import EmbeddedProblem


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """A running program that gets `end_signal` when it is to stop, and when this process dies in whatever way.

    Its own session keeps a terminal's Ctrl-C from it, so that it stops after us and not before.
    """

    def __init__(self, process: Process, name: str, end_signal: signal.Signals, log: Path) -> None:
        self.process, self.log = process, log
        self._name, self._end_signal = name, end_signal

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], *, log: Path, end_signal: signal.Signals, prefix: Sequence[str] = (),
        feed: bytes | None = None, listen: bool = False, environment: Mapping[str, str] | None = None,
    ) -> Self:
        """Start it; `feed` goes to its standard input, with `listen` its standard output is ours, the rest goes to `log`."""
        tied = [*prefix, "setpriv", "--pdeathsig", end_signal.name.removeprefix("SIG"), *command]
        with log.open("ab") as sink:
            try:
                process = await asyncio.create_subprocess_exec(
                    *tied, stdin=DEVNULL if feed is None else PIPE, stdout=PIPE if listen else sink, stderr=sink,
                    start_new_session=True, env={**os.environ, **(environment or {})},
                )
            except OSError as error:
                raise EmbeddedProblem(f"{name} cannot be started: {error}.") from error
        if feed is not None and process.stdin is not None:
            process.stdin.write(feed)
            process.stdin.close()
        return cls(process, name, end_signal, log)

    def require_running(self) -> None:
        """Return if it runs; EmbeddedProblem with the end of its log if it has ended."""
        if self.process.returncode is not None:
            raise EmbeddedProblem(f"{self._name} ended with status {self.process.returncode}: {last_lines(self.log)}")

    async def stop(self, within: float = 10.0) -> None:
        """Ask it to end, and kill it if it takes longer than `within` seconds."""
        for number, patience in ((self._end_signal, within), (signal.SIGKILL, within)):
            if self.process.returncode is not None:
                return
            with suppress(ProcessLookupError):
                self.process.send_signal(number)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self.process.wait()


def last_lines(log: Path, count: int = 3) -> str:
    """Return the end of a log, on one line."""
    return " | ".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else "(no log)"
