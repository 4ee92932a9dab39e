"""From what was asked for to what is told: people talk while processes are restarted, and everything is sampled and judged."""

import asyncio
import gc
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from bench.load.crowds import CrowdLost
from bench.load.files import raise_limit
from bench.load.rehearsal import Rehearsal, rehearsed, whole
from bench.soak.judging import Verdict, doubts, judge
from bench.soak.options import Soak
from bench.soak.period import Period
from bench.soak.report import Findings, write
from bench.soak.restarts import Restarts
from bench.soak.sampling import Sampling
from bench.soak.servers import Servers
from bench.soak.words import amount, summary, table
from bench.wire import WrongAnswer

LEVEL, GREW, VOID = 0, 1, 2
# What is logged of a process that was killed on purpose.
_EXPECTED: Final = "a serving process died"

_UNFOUND: Final = "GET /v1/runs/{id}/events: 404"


async def drive(soak: Soak) -> int:
    """Run it all, print and store the report, and return the status to end with."""
    at = datetime.now(UTC)
    raise_limit(soak.load)
    async with rehearsed(soak.load) as rehearsal:
        gc.freeze()
        sampling, period = await _held(rehearsal, soak)
        await rehearsal.leave()
    found = _findings(rehearsal, soak, at, sampling, period)
    record = whole(rehearsal.outcome)
    told = "\n".join([*summary(record, sampling.book, period), "", table(found.verdicts), "", *found.problems, *found.doubts])
    print(told, *write(found, told), sep="\n")
    print(*found.problems, *found.doubts, sep="\n", file=sys.stderr)
    return VOID if found.doubts else GREW if found.problems else LEVEL


async def _held(rehearsal: Rehearsal, soak: Soak) -> tuple[Sampling, Period]:
    """Return the samples, and the period in which all people were there."""
    now = asyncio.get_running_loop().time
    zero = now()
    restarts = Restarts(rehearsal.stage, soak.workers, lambda: now() - zero)
    servers = await Servers.open(rehearsal.stage)
    sampling = Sampling(rehearsal, restarts, servers, lambda: now() - zero)
    try:
        async with asyncio.TaskGroup() as tasks:
            going = [tasks.create_task(sampling.go_on(soak.sample_every))]
            await rehearsal.arrive()
            began = now() - zero
            going.append(tasks.create_task(restarts.go_on(soak.restart_every)))
            await rehearsal.hold("steady", soak.minutes * 60)
            ended = now() - zero
            for task in going:
                task.cancel()
    except* (WrongAnswer, CrowdLost) as problems:
        raise _first(problems) from None
    finally:
        await servers.close()
    return sampling, Period(began, ended, restarts.made, soak.people, soak.workers)


def _first(problems: BaseExceptionGroup[Exception]) -> Exception:
    """Return the problem itself: none of ours are groups of groups."""
    return next(one for one in problems.exceptions if not isinstance(one, BaseExceptionGroup))


def _findings(rehearsal: Rehearsal, soak: Soak, at: datetime, sampling: Sampling, period: Period) -> Findings:
    verdicts, record = judge(sampling.book, period), whole(rehearsal.outcome)
    problems = [*_grown(verdicts), *_lost(rehearsal)]
    doubted = [f"not to be trusted: {why}" for why in doubts(sampling.at, sampling.book, period, soak.sample_every)]
    failed = {**record.refused, **record.failed}
    return Findings(soak, at, sampling.book, period, verdicts, problems, doubted, record.counts, failed)


def _grown(verdicts: Sequence[Verdict]) -> list[str]:
    return [
        f"grew: {one.kind} of {one.name} by {amount(one.kind, one.grew)} (allowed {amount(one.kind, one.allowed)})"
        for one in verdicts if not one.is_level
    ]


def _lost(rehearsal: Rehearsal) -> list[str]:
    record = whole(rehearsal.outcome)
    wrong = any(record.counts.get(name, 0) for name in ("lost", "doubled", "wrong replies"))
    unfound = sum(number for what, number in record.failed.items() if what.startswith((_UNFOUND, "replies: no end")))
    logged = [line for line in rehearsal.outcome.logged if _EXPECTED not in line]
    told = ["Replies were not as they should be:", *record.faults] if wrong else []
    told += [f"{unfound} replies that were accepted could not be followed to their end"] if unfound else []
    return told + [f"logged: {line}" for line in logged[:3]]
