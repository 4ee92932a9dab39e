"""Where our server's CPU goes under a measurement's load: a py-spy recording for speedscope.app, and its top functions."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import json

from bench.measurement import Measurement
from bench.stage import Stage

_SECONDS = 10
_RATE = 250


async def profile(measurement: Measurement, stage: Stage, file: Path) -> list[tuple[str, float]]:
    """Record our server for ten seconds of load; return the event loop thread's functions by their own time, in shares."""
    async with measurement.sides(stage) as sides:
        await sides["ours"]()
        process = stage.running["ours"].pid
        recording = asyncio.create_task(_record(process, file))
        while not recording.done():
            await sides["ours"]()
        await recording
    return _top(file)


async def _record(process: int, file: Path) -> None:
    spy = [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(process), "--duration", str(_SECONDS)]
    options = ["--rate", str(_RATE), "--format", "speedscope", "--output", str(file)]
    child = await asyncio.create_subprocess_exec(
        *spy, *options, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, told = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"py-spy could not record: {told.decode()}")


def _top(file: Path, count: int = 30) -> list[tuple[str, float]]:
    recorded = json.decode(file.read_bytes())
    frames = recorded["shared"]["frames"]
    own: Counter[str] = Counter()
    (loop,) = (thread for thread in recorded["profiles"] if "MainThread" in thread["name"])
    for stack, weight in zip(loop["samples"], loop["weights"], strict=True):
        if stack:
            own[_name(frames[stack[-1]])] += weight
    whole = sum(own.values()) or 1
    return [(name, weight / whole) for name, weight in own.most_common(count)]


def _name(frame: dict[str, Any]) -> str:
    file = frame.get("file") or "?"
    return f"{frame['name']}  {file.split('site-packages/')[-1]}"


def lines(top: Sequence[tuple[str, float]]) -> str:
    """Return the list for people."""
    return "\n".join(f"  {share:6.1%}  {name}" for name, share in top)
