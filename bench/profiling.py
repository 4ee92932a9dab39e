"""Where our server's CPU goes under a measurement's load: a py-spy recording for speedscope.app, and its sums in words."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import json

from bench.measurement import Measurement
from bench.stage import Stage

_SECONDS = 10
_RATE = 250
_SHOWN = 25
_OURS = ("domain/", "application/", "adapters/", "entrypoints/")
Stack = list[tuple[str, str]]


async def profile(measurement: Measurement, stage: Stage, file: Path) -> str:
    """Record our server's event loop for ten seconds of load; return what took how much of it."""
    async with measurement.sides(stage) as sides:
        await sides["ours"]()
        await profiled(sides["ours"], stage.running["ours"].pid, file)
    return summary(file)


async def profiled(load: Callable[[], Awaitable[object]], process: int, file: Path) -> None:
    """Record a process for ten seconds of a load that is repeated until they are over."""
    recording = asyncio.create_task(record(process, file))
    while not recording.done():
        await load()
    await recording


async def record(process: int, file: Path, seconds: int = _SECONDS) -> None:
    """Record a process for so many seconds, in the format of speedscope.app; RuntimeError if that cannot be."""
    spy = [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(process), "--duration", str(seconds)]
    options = ["--rate", str(_RATE), "--format", "speedscope", "--output", str(file)]
    child = await asyncio.create_subprocess_exec(
        *spy, *options, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, told = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"py-spy could not record: {told.decode()}")


def summary(file: Path) -> str:
    """Return what took how much of a recording's event loop."""
    own: dict[str, float] = defaultdict(float)
    packages: dict[str, float] = defaultdict(float)
    within: dict[str, float] = defaultdict(float)
    for stack, weight in stacks(json.decode(file.read_bytes())):
        own[_line(stack[-1])] += weight
        packages[_package(stack[-1][1])] += weight
        for frame in {_line(frame) for frame in stack if frame[1].startswith(_OURS)}:
            within[frame] += weight
    whole = sum(own.values())
    parts = (("Own time of functions", own), ("Own time by package", packages), ("Our functions with all that they call", within))
    return "\n\n".join(f"{title}:\n{_shares(counted, whole)}" for title, counted in parts)


def stacks(recorded: dict[str, Any]) -> Iterator[tuple[Stack, float]]:
    """Yield each sample of the event loop's thread as functions and files, outermost first, and its weight."""
    frames = [(frame["name"], _short(frame.get("file") or "?")) for frame in recorded["shared"]["frames"]]
    (loop,) = (thread for thread in recorded["profiles"] if "MainThread" in thread["name"])
    for stack, weight in zip(loop["samples"], loop["weights"], strict=True):
        if stack:
            yield [frames[number] for number in stack], weight


def _short(file: str) -> str:
    for mark in ("site-packages/", f"/lib/python{sys.version_info.major}.{sys.version_info.minor}/", "/src/"):
        file = file.rsplit(mark, 1)[-1]
    return file


def _package(file: str) -> str:
    return file if file.startswith("<") else "/".join(file.split("/")[: 2 if file.startswith(_OURS) else 1])


def _line(frame: tuple[str, str]) -> str:
    return "  ".join(frame)


def _shares(counted: Mapping[str, float], whole: float) -> str:
    most = sorted(counted.items(), key=lambda item: -item[1])[:_SHOWN]
    return "\n".join(f"  {weight / whole:6.1%}  {name}" for name, weight in most)
