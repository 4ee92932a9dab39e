"""Where a request's CPU goes: microseconds per stage, for the four main paths.

The CPU per request is measured without a profiler. Then py-spy samples the process under the same load, each sample belongs to a
stage by the tables of bench/stages.py, and the stages' shares divide the CPU.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import json

from bench.client import fetch
from bench.machine import machine, versions
from bench.measurements.appends import WIDTH, appends
from bench.measurements.gets import Get, sample_gets
from bench.measurements.reads import session_reads_alone
from bench.measurements.replies import replies
from bench.profiling import profiled, stacks
from bench.stage import FAST, Stage
from bench.stages import STAGES, TOLD, shares
from bench.targets import Conversation
from bench.wire import WrongAnswer

Load = Callable[[], Awaitable[float]]  # one round under load; it returns the CPU per request, in µs
_ROUNDS: Final = 3
_SECONDS: Final = 0.6
_SESSIONS: Final = 4_096


@dataclass(frozen=True, slots=True)
class Budget:
    """The CPU of one request, in µs, and each stage's part of it."""

    cpu: float
    stages: Mapping[str, float]


async def budget(stage: Stage, recordings: Path) -> str:
    """Measure all paths, keep the recordings and the figures in that folder, and return the table."""
    found: dict[str, Budget] = {}
    for name, path in _PATHS.items():
        file = recordings / f"{name.replace(' ', '-')}.speedscope.json"
        async with path(stage) as load:
            await load()
            cpu = median([await load() for _ in range(_ROUNDS)])
            await profiled(load, stage.running["ours"].pid, file)
        parts = shares(stacks(json.decode(file.read_bytes())))
        found[name] = Budget(cpu, {stage_name: share * cpu for stage_name, share in parts.items()})
    figures = {"machine": machine(), "versions": versions(), "paths": found}
    (recordings / "budget.json").write_bytes(json.format(json.encode(figures), indent=1))
    return f"{table(found)}\n\nRecordings for speedscope.app: {recordings}"


@asynccontextmanager
async def _streamed(stage: Stage) -> AsyncIterator[Load]:
    async with stage.ours(FAST) as started:
        batches = _batches(await started.target.converse(_SESSIONS), 64)

        async def load() -> float:
            answers, usage = await replies(started.target, stage.cores, 64, next(batches))
            return usage.server_cpu / len(answers) * 1e6

        yield load


@asynccontextmanager
async def _appended(stage: Stage) -> AsyncIterator[Load]:
    async with stage.ours(FAST) as started:
        batches = _batches(await started.target.converse(_SESSIONS), 4 * WIDTH)

        async def load() -> float:
            answers, usage = await appends(started.target, stage.cores, next(batches))
            return usage.server_cpu / len(answers) * 1e6

        yield load


def _batches(conversations: Sequence[Conversation], size: int) -> Iterator[Sequence[Conversation]]:
    """Yield so many at a time; each session is used once, so that it is as short as in the measurements."""
    yield from (conversations[start : start + size] for start in range(0, len(conversations), size))
    raise WrongAnswer("There are not enough sessions for so fast a server: raise their number in bench/budget.py.")


@asynccontextmanager
async def _cached(stage: Stage) -> AsyncIterator[Load]:
    async with stage.ours(FAST) as started:
        (conversation,) = await started.target.converse(1)
        await replies(started.target, stage.cores, 1, [conversation], each=25)
        (known,) = await fetch(started.target.port, [conversation.page])
        get = Get(repeat(conversation.page), len(known.body))

        async def load() -> float:
            return (await sample_gets(stage, started.target, get, _SECONDS)).values["cpu"]

        yield load


@asynccontextmanager
async def _from_database(stage: Stage) -> AsyncIterator[Load]:
    async with session_reads_alone(_SECONDS).sides(stage) as sides:

        async def load() -> float:
            return (await sides["ours"]()).values["cpu"]

        yield load


_PATHS: Final[Mapping[str, Callable[[Stage], AbstractAsyncContextManager[Load]]]] = {
    "streamed reply": _streamed, "cached read": _cached, "database read": _from_database, "append": _appended,
}


def table(found: Mapping[str, Budget]) -> str:
    """Return the budgets side by side."""
    lines = [f"{'µs of CPU per request':<24}" + "".join(f"{name:>18}" for name in found)]
    for stage in STAGES:
        cells = (f"{one.stages[stage]:,.0f} ({one.stages[stage] / one.cpu:4.0%})" for one in found.values())
        lines.append(f"{stage:<24}" + "".join(f"{cell:>18}" for cell in cells) + f"   {TOLD[stage]}")
    return "\n".join([*lines, f"{'all':<24}" + "".join(f"{f'{one.cpu:,.0f}       ':>18}" for one in found.values())])
