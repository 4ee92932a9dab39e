"""Where the serving processes' CPU goes under the steady load: a py-spy recording of each, and its sums in words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bench.load.options import Load
from bench.load.stage import Stage
from bench.profiling import record, summary


@asynccontextmanager
async def profiled(load: Load, stage: Stage) -> AsyncIterator[list[str]]:
    """Record for as long as the block lasts, if that was asked for; the sums are in the list behind it."""
    told: list[str] = []
    if not load.profile:
        yield told
        return
    load.results.mkdir(parents=True, exist_ok=True)
    name, found = next((name, found) for name, found in stage.ours.items() if name.startswith("serve "))
    file = load.results / f"load-{datetime.now(UTC):%Y-%m-%dT%H%M%S}.speedscope.json"
    recording = asyncio.create_task(record(found[0].pid, file))
    yield told
    await recording
    told += [f"The event loop of {name}.", summary(file), f"All of it: {file}"]
