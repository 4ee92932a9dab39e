"""Several serving processes on one port: started together, replaced one after the other, restarted when they die."""

import asyncio
import logging
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from entrypoints.problems import OperatorProblem
from entrypoints.settings import PREFIX, Settings

_PATIENCE_SECONDS: Final = 30.0
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0
_log = logging.getLogger(__name__)


class WorkerNotStarted(OperatorProblem):
    """A serving process ended before it was ready; it has said why."""


class Worker:
    """A serving process; it ends by itself when its line to us breaks, in whatever way we ended."""

    def __init__(self, process: Process, line: socket.socket) -> None:
        self._process, self._line = process, line

    @classmethod
    async def start(cls, listener: socket.socket, place: Path, environment: Mapping[str, str]) -> "Worker":
        """Start one on an open listener, and return it when it is ready; WorkerNotStarted."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            handed = (listener.fileno(), theirs.fileno())
            command = ["serve", "--listener", str(handed[0]), "--line", str(handed[1]), "--place", str(place)]
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "entrypoints.cli.main", *command, pass_fds=handed, env=environment, start_new_session=True
            )
        worker = cls(process, ours)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                told = await asyncio.get_running_loop().sock_recv(ours, 1)
        except BaseException:
            await worker.stop()
            raise
        if not told:
            raise WorkerNotStarted(f"A serving process ended with status {await worker.ended()} before it was ready.")
        return worker

    async def ended(self) -> int:
        """Return its status when it has ended."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Let it send its viewers away and hand its replies over; kill it when that takes too long."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._process.wait()
                    break
        self._line.close()


class _Seat:
    """A listener of its own, and the worker that serves on it now; connections that wait there are lost with neither."""

    def __init__(self, listener: socket.socket, place: Path, environment: Mapping[str, str]) -> None:
        self._listener, self._place, self._environment = listener, place, environment
        self._worker: Worker | None = None
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        """Have the first worker ready; WorkerNotStarted."""
        self._worker = await self._started()

    async def keep(self) -> None:
        """Replace a worker that dies, until cancelled."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            worker = self._worker
            if worker is not None:
                status = await worker.ended()
                if worker is not self._worker:
                    continue
                _log.error("a serving process died", extra={"status": status})
                self._worker = None
            async with self._turn:
                pause = await self._refill(pause)

    async def leave(self) -> None:
        """Stop the worker."""
        if self._worker is not None:
            await self._worker.stop()

    async def renew(self) -> None:
        """Have another worker take over before the present one leaves; it stays if the other cannot start."""
        async with self._turn:
            leaving = self._worker
            try:
                self._worker = await self._started()
            except (WorkerNotStarted, TimeoutError) as failure:
                _log.error("a serving process was not replaced", extra={"reason": str(failure)})
                return
        if leaving is not None:
            await leaving.stop()

    async def _refill(self, pause: float) -> float:
        """Start a worker where none is; return how long to rest before the next try."""
        if self._worker is not None:
            return _FIRST_PAUSE_SECONDS
        await asyncio.sleep(pause)
        try:
            await self.take()
        except (WorkerNotStarted, TimeoutError) as failure:
            _log.error("a serving process could not be started again", extra={"reason": str(failure)})
            return min(pause * 2, _LONGEST_PAUSE_SECONDS)
        return _FIRST_PAUSE_SECONDS

    async def _started(self) -> Worker:
        return await Worker.start(self._listener, self._place, self._environment)


async def supervise(settings: Settings, listeners: Sequence[socket.socket], ready: Callable[[], None]) -> None:
    """Serve with a process on each listener until this task is cancelled; `ready` is told when all are.

    SIGHUP replaces them one after the other. The first is started alone, so that what stops all of them is told once.
    """
    environment = {**os.environ, f"{PREFIX}WORKERS": "1", f"{PREFIX}NODES": str(settings.nodes * settings.workers)}
    with TemporaryDirectory(prefix="onelast-") as folder:
        seats = [_Seat(listener, Path(folder), environment) for listener in listeners]
        keeping: list[asyncio.Task[None]] = []
        renewal = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, renewal.set)
        try:
            await seats[0].take()
            await asyncio.gather(*(seat.take() for seat in seats[1:]))
            keeping = [asyncio.create_task(seat.keep()) for seat in seats]
            ready()
            while True:
                await renewal.wait()
                renewal.clear()
                for seat in seats:
                    await seat.renew()
                _log.warning("the serving processes were replaced", extra={"count": len(seats)})
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            await asyncio.gather(*(seat.leave() for seat in seats))
