"""From what was asked for to what is told: the load is put on, judged, and reported."""

import gc
import sys
from dataclasses import replace
from datetime import UTC, datetime

from bench.load.files import raise_limit
from bench.load.knee import Knee, find_knee, tell_knee
from bench.load.options import Load
from bench.load.profiles import profiled
from bench.load.rehearsal import Outcome, rehearsed
from bench.load.report import write
from bench.load.words import table, verdict
from tests.support.load_balancers import installed

MET, MISSED, VOID = 0, 1, 2


async def drive(asked: Load) -> int:
    """Run it all, print and store the report, and return the status to end with."""
    load, at = _possible(asked), datetime.now(UTC)
    raise_limit(load)
    knee: Knee | None = None
    async with rehearsed(load) as rehearsal:
        gc.freeze()
        await rehearsal.arrive()
        async with profiled(load, rehearsal.stage) as profiles:
            steady = await rehearsal.hold("steady", load.minutes * 60)
        if load.knee and not steady.doubts:
            knee = await find_knee(rehearsal, steady)
        await rehearsal.leave()
    outcome = rehearsal.outcome
    print(table(outcome), end="\n\n")
    if knee is not None:
        print(tell_knee(knee), end="\n\n")
    print(*profiles, *write(outcome, knee, at), sep="\n")
    return _status(outcome, knee)


def _possible(load: Load) -> Load:
    """Return the load without a balancer that is not here, and say so."""
    if load.balancer == "none" or installed(load.balancer):
        return load
    print(f"{load.balancer} is not installed: people go to the serving processes without one.", file=sys.stderr)
    return replace(load, balancer="none")


def _status(outcome: Outcome, knee: Knee | None) -> int:
    problems, void = verdict(outcome, knee)
    for problem in problems:
        print(problem, file=sys.stderr)
    return VOID if void else MISSED if problems else MET
