"""Running a command until it ends or a signal ends it."""

import asyncio
import os
import resource
import signal
from collections.abc import Coroutine
from typing import Any

import uvloop


def run_until_signal(main: Coroutine[Any, Any, None]) -> None:
    """Run `main`; SIGINT and SIGTERM cancel it so that it cleans up, a second one ends the process at once.

    A stream takes two or three files, and 1,024 is a common limit: the process takes as many as it may.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_cancelled_by_signals(main))


async def _cancelled_by_signals(main: Coroutine[Any, Any, None]) -> None:
    task, signalled = asyncio.ensure_future(main), False

    def stop() -> None:
        nonlocal signalled
        if signalled:
            os._exit(130)
        signalled = True
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not signalled:
            raise
