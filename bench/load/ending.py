"""How a load's program ends."""

import sys
from collections.abc import Coroutine
from typing import Any, NoReturn

from adapters.embedded.folder import EmbeddedProblem
from bench.load.crowds import CrowdLost
from bench.load.files import TooFewFiles
from bench.wire import WrongAnswer
from entrypoints.cli.running import run_until_signal


def end_with(driving: Coroutine[Any, Any, int], came_to_nothing: str) -> NoReturn:
    """Run it and end with its status: with 2 behind that sentence when it could not be done, with 130 when a signal ended it."""
    status = 130

    async def run() -> None:
        nonlocal status
        status = await driving

    try:
        run_until_signal(run())
    except (WrongAnswer, EmbeddedProblem, CrowdLost, TooFewFiles) as problem:
        print(came_to_nothing, problem, *getattr(problem, "__notes__", ()), sep="\n", file=sys.stderr)
        status = 2
    sys.exit(status)
