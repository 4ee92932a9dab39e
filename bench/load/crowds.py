"""The processes of the load client, as seen by who drives them."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from msgspec import json, msgpack

from bench.load.crowd import Order, Spec, Told
from bench.load.record import Record, merged


class CrowdLost(Exception):
    """A process of the load client has ended; the message tells what it said."""


class _Process:
    """One process; the last word of each is kept."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, heard: Callable[[Told], None]) -> None:
        self.process, self._log, self._heard = process, log, heard
        self._closed: asyncio.Queue[str] = asyncio.Queue()
        self.listening = asyncio.create_task(self._listen())

    def order(self, order: Order) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.encode(order) + b"\n")

    async def close(self, file: Path, order: Order) -> Record:
        self.order(order)
        closed = asyncio.create_task(self._closed.get())
        await asyncio.wait({closed, self.listening}, return_when=asyncio.FIRST_COMPLETED)
        if not closed.done():
            closed.cancel()
            raise CrowdLost(f"A process of the load client ended: {self._log.read_text()[-1500:]}")
        return msgpack.decode(file.read_bytes(), type=Record)  # noqa: ASYNC240

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            told = json.decode(line, type=Told)
            if told.closed:
                self._closed.put_nowait(told.closed)
            else:
                self._heard(told)


class Crowds:
    """All of them; what each tells is given to `heard` with its number."""

    def __init__(self, processes: Sequence[_Process], folder: Path) -> None:
        self._processes, self._folder, self._phases = processes, folder, 0

    @classmethod
    async def begin(cls, specs: Sequence[Spec], folder: Path, heard: Callable[[int, Told], None]) -> Self:
        """Start a process for each spec; people begin to come."""
        return cls([await cls._start(number, spec, folder, heard) for number, spec in enumerate(specs)], folder)

    @staticmethod
    async def _start(number: int, spec: Spec, folder: Path, heard: Callable[[int, Told], None]) -> _Process:
        log = folder / f"crowd-{number}.log"
        with log.open("wb") as sink:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.load.crowd", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=sink, limit=1 << 24, start_new_session=True,
            )
        assert process.stdin is not None
        process.stdin.write(json.encode(spec) + b"\n")
        return _Process(process, log, lambda told: heard(number, told))

    @property
    def pids(self) -> list[int]:
        """The processes."""
        return [each.process.pid for each in self._processes]

    def set_pace(self, pace: float) -> None:
        """Have everybody talk so many times as fast."""
        for each in self._processes:
            each.order(Order(pace=pace))

    async def close(self, *, end: bool = False) -> Record:
        """End the phase and return its record; with `end` replies come to their end first, and the processes end. CrowdLost."""
        self._phases += 1
        files = [self._folder / f"phase-{self._phases}-{number}" for number in range(len(self._processes))]
        pairs = zip(self._processes, files, strict=True)
        return merged(await asyncio.gather(*(each.close(file, Order(close=str(file), end=end)) for each, file in pairs)))

    async def leave(self) -> None:
        """End the processes, whatever they do."""
        for each in self._processes:
            with suppress(ProcessLookupError):
                each.process.kill()
            await each.process.wait()
            each.listening.cancel()
