"""One process of the load client: `python -m bench.load.crowd`. It is told what to do on its input and tells how it goes, both as
lines of JSON; each phase's record goes to a file.
"""

import asyncio
import gc
import os
import resource
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import uvloop
from msgspec import Struct, json, msgpack

from bench.load.person import Person
from bench.load.probe import Probe
from bench.load.reading import Readings
from bench.load.record import Notes, quantile
from bench.load.socket_person import SocketPerson
from bench.load.stream_person import StreamPerson
from bench.load.world import Account, Habits, World

_LAG_EVERY: Final = 0.02
_FEWEST_READINGS: Final = 32
_LAST_WORDS: Final = 15.0


class Spec(Struct):
    """Where the server and the upstream are, who comes within how many seconds, and where the records go."""

    address: tuple[str, int]
    upstream: tuple[str, int]
    model: str
    accounts: str
    ramp: float
    seed: int
    habits: Habits


class Order(Struct):
    """What to do: write the record of the phase that ends here to a file; talk at another pace; come to an end."""

    close: str | None = None
    pace: float | None = None
    end: bool = False


class Told(Struct):
    """How it goes: people online, and what there was since the last word; `took` are latencies in ms, `lag` is its p99."""

    online: int = 0
    messages: int = 0
    events: int = 0
    errors: int = 0
    took: Sequence[float] = ()
    lag: float = 0.0
    closed: str = ""


class Crowd:
    """All people of this process."""

    def __init__(self, spec: Spec, accounts: Sequence[Account]) -> None:
        self._world = World(spec.address, spec.habits, spec.seed)
        readings = Readings(self._world, max(_FEWEST_READINGS, len(accounts) // 8))
        self._people: list[Person] = [
            SocketPerson(self._world, one, readings) if one.socket else StreamPerson(self._world, one) for one in accounts
        ]
        self._probe = Probe(self._world, spec.upstream, spec.model)
        self._began, self._ramp = self._world.now(), spec.ramp
        self._lags: list[float] = []
        self._told = [0, 0, 0]

    def begin(self) -> None:
        """Have the people come, evenly over the ramp."""
        for number, person in enumerate(self._people):
            self._world.loop.call_later(self._ramp * number / len(self._people), person.come)
        self._probe.begin()
        self._look(self._world.now())
        self._tell()

    def close(self, file: str) -> None:
        """Write down the phase that ends, and begin another."""
        world, now = self._world, self._world.now()
        notes, world.notes = world.notes, Notes()
        self._told = [0, 0, 0]
        Path(file).write_bytes(msgpack.encode(notes.close(now - self._began)))
        self._began = now
        _say(Told(world.online, closed=file))

    def set_pace(self, pace: float) -> None:
        """Have people talk so many times as fast, little by little."""
        self._world.pace = pace
        for number, person in enumerate(self._people):
            self._world.loop.call_later(number / 5_000, person.replan)

    async def end(self) -> None:
        """Let replies come to their end; those that do not are counted."""
        self._world.closing = True
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                while any(person.reply is not None for person in self._people):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        for person in self._people:
            if person.reply is not None:
                self._world.notes.fail("replies", "no end when the load was over")

    def _look(self, due: float) -> None:
        now = self._world.now()
        self._lags.append(max(0.0, now - due))
        self._world.notes.time("lag", max(0.0, now - due))
        self._world.loop.call_later(_LAG_EVERY, self._look, now + _LAG_EVERY)

    def _tell(self) -> None:
        world, notes = self._world, self._world.notes
        now = [notes.counts["messages"], notes.counts["events"], notes.failed.total() + notes.refused.total()]
        messages, events, errors = (each - before for each, before in zip(now, self._told, strict=True))
        took, notes.fresh, self._told = notes.fresh, [], now
        lag = quantile(self._lags, 0.99) or 0.0
        self._lags = []
        _say(Told(world.online, messages, events, errors, [round(one, 1) for one in took], lag * 1000))
        world.loop.call_later(1.0, self._tell)


def _say(told: Told) -> None:
    sys.stdout.buffer.write(json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


async def _run() -> None:
    reader = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    spec = json.decode(await reader.readline(), type=Spec)
    crowd = Crowd(spec, msgpack.decode(Path(spec.accounts).read_bytes(), type=list[Account]))  # noqa: ASYNC240
    gc.collect()
    gc.disable()  # people make no cycles to speak of, and its pauses would be measured
    crowd.begin()
    while line := await reader.readline():
        order = json.decode(line, type=Order)
        if order.end:
            await crowd.end()
        if order.close is not None:
            crowd.close(order.close)
        if order.pace is not None:
            crowd.set_pace(order.pace)
        if order.end:
            return


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with suppress(OSError):
        os.nice(-10)  # its clocks are right only if it runs when something has come
    uvloop.run(_run())


if __name__ == "__main__":
    main()
