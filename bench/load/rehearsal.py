"""The load from beginning to end: people come, talk for a while at full number, and leave."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import psutil
from msgspec import msgpack

from bench.load.crowd import Spec
from bench.load.crowds import Crowds
from bench.load.gauges import Gauges, Size
from bench.load.goals import Figures, Goal, doubts, figures_of, judge
from bench.load.measures import count
from bench.load.options import Load
from bench.load.progress import Progress
from bench.load.record import Record, merged
from bench.load.seeding import seed
from bench.load.stage import Stage, built_stage
from bench.load.world import Account, Habits

# The last to come have read once, and what was made for all of them at the start is at rest.
_SETTLE_SECONDS: Final = 3.0
_LATECOMERS_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase and what it came to; `doubts` tell why the client's latencies are not to be trusted."""

    name: str
    record: Record
    figures: Figures
    goals: Sequence[Goal]
    doubts: Sequence[str]
    cpu: dict[str, float]
    counted: dict[str, object]
    online: tuple[int, int]
    began: float

    @property
    def holds(self) -> bool:
        """Whether all goals are met."""
        return all(goal.met for goal in self.goals)


@dataclass(slots=True)
class Outcome:
    """All that was measured; sizes are of our processes before anybody came, and under the last load.

    `rest` are the records of ramps and of the end.
    """

    load: Load
    empty: dict[str, Size]
    full: dict[str, Size] = field(default_factory=dict)
    phases: list[Phase] = field(default_factory=list)
    rest: list[Record] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)


class Rehearsal:
    """A load that is on."""

    def __init__(
        self, load: Load, stage: Stage, crowds: Crowds, gauges: Gauges, progress: Progress, empty: dict[str, Size]
    ) -> None:
        self.load, self.stage, self.progress = load, stage, progress
        self._crowds, self._gauges = crowds, gauges
        self.outcome = Outcome(load, empty, cpu=gauges.cpu, seconds=gauges.seconds)

    async def arrive(self) -> None:
        """Return when all people are there, or should have been for a while: then that goal will be missed."""
        self.progress.begin("ramp")
        await asyncio.sleep(self.load.ramp_seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LATECOMERS_SECONDS):
                while self.progress.online_now < self.load.people * 0.98:  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
        await asyncio.sleep(_SETTLE_SECONDS)
        self.outcome.rest.append(await self._crowds.close())

    async def hold(self, name: str, seconds: float, *, pace: float | None = None) -> Phase:
        """Let people talk so long, at this pace from now on, and return what it came to."""
        if pace is not None:
            self._crowds.set_pace(pace)
            await asyncio.sleep(_SETTLE_SECONDS + self.load.people / 5_000)
            self.outcome.rest.append(await self._crowds.close())
        first, before = len(self._gauges.seconds), await count(self.stage)
        self.progress.begin(name)
        await asyncio.sleep(seconds)
        record = await self._crowds.close()
        self.outcome.full = self._gauges.sizes(list(self.stage.ours))
        phase = self._phase(name, record, first, (await count(self.stage)).since(before, record.counts.get("messages", 0)))
        self.outcome.phases.append(phase)
        return phase

    async def leave(self) -> None:
        """Let the replies under way come to their end."""
        self.progress.begin("end")
        self.outcome.rest.append(await self._crowds.close(end=True))
        self.outcome.logged = _complaints(self.stage)

    def _phase(self, name: str, record: Record, first: int, counted: dict[str, object]) -> Phase:
        gauges, figures = self._gauges, figures_of(record)
        online = (min(self.progress.online, default=0), max(self.progress.online, default=0))
        memory = sum(size.pss for size in self.outcome.full.values())
        clients = [shares[first:] for label, shares in gauges.cpu.items() if label.startswith("client")]
        return Phase(
            name, record, figures, judge(figures, people=self.load.people, online=online[0], memory=memory),
            list(doubts(record, clients)), {label: gauges.share(label, first) for label in gauges.cpu}, counted, online,
            gauges.seconds[first - 1] if first else 0.0,
        )


@asynccontextmanager
async def rehearsed(load: Load) -> AsyncIterator[Rehearsal]:
    """Start everything and have the people come; in the end everything is stopped."""
    accounts: list[Account] = []

    async def fill(dsn: str) -> None:
        accounts.extend(await seed(dsn, load.people, load.model, load.history))

    async with built_stage(load, fill) as stage:
        gauges = Gauges(stage.processes)
        progress = Progress(load.client_processes, lambda: _cpu_now(gauges))
        reading, empty = asyncio.create_task(gauges.read_on()), gauges.sizes(list(stage.ours))
        crowds = await Crowds.begin(_specs(load, stage, accounts), stage.folder, progress.hear)
        try:
            for number, pid in enumerate(crowds.pids, 1):
                gauges.watch(f"client {number}", [psutil.Process(pid)])
            yield Rehearsal(load, stage, crowds, gauges, progress, empty)
        finally:
            progress.end()
            reading.cancel()
            await crowds.leave()


def _specs(load: Load, stage: Stage, accounts: Sequence[Account]) -> list[Spec]:
    """Divide the people over the client's processes, and write down who they are."""
    specs, habits = [], Habits(load.shortest, load.longest, load.dropping)
    for number in range(load.client_processes):
        file = stage.folder / f"accounts-{number}"
        half = len(accounts) * number // load.client_processes, len(accounts) * (number + 1) // load.client_processes
        file.write_bytes(msgpack.encode(accounts[half[0] : half[1]]))
        specs.append(
            Spec(("127.0.0.1", stage.port), stage.upstream, load.model, str(file), load.ramp_seconds, number + 1, habits)
        )
    return specs


def _cpu_now(gauges: Gauges) -> str:
    return " ".join(f"{name} {shares[-1]:.0%}" for name, shares in gauges.cpu.items() if shares and shares[-1] >= 0.01)


def _complaints(stage: Stage) -> list[str]:
    """Return the first errors that our processes logged."""
    marks: tuple[Any, ...] = ('"level":"error"', '"level": "error"', "Traceback")
    lines = (line for log in stage.logs for line in log.read_text(errors="replace").splitlines())
    return [line[:1000] for line in lines if any(mark in line for mark in marks)][:20]


def whole(outcome: Outcome) -> Record:
    """Return all phases, and what lay between them: what was lost in any of them is lost."""
    return merged([*(phase.record for phase in outcome.phases), *outcome.rest])
