"""`make bench`: our speed and size beside a bare reference, in one run and one table.

All servers are real. The measured server has one core; the client, the scripted model, Postgres and Valkey share the others.
Ours and the reference take turns; what is printed are medians, the ratio of the two, and how much the rounds differ (one standard
deviation). What bench/baseline.json knows is compared: a change is told as one when it exceeds the noise of both runs.

"growth" and "servers" are measured when --only names them: growth at three sizes, servers beside each other.
"""

import argparse
import gc
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from adapters.embedded.folder import EmbeddedProblem
from bench import baseline
from bench.budget import budget
from bench.measurement import Measurement
from bench.measurements import all_measurements, measurements_by_wish
from bench.profiling import profile
from bench.report import HEAD, RESULTS, rows, summary, write
from bench.runner import Outcome, measure
from bench.stage import Stage, built_stage
from bench.wire import WrongAnswer
from entrypoints.cli.running import run_until_signal

_ROUNDS, _SCALE, _SECONDS = 5, 0.4, 6.0
_PROBLEMS = (WrongAnswer, EmbeddedProblem, RuntimeError, OSError, TimeoutError)


def main() -> None:
    given = _parse()
    gc.disable()  # The client makes no cycles to speak of, and its pauses would be measured.
    work = _profile(given.profile) if given.profile else _budget() if given.budget else _measure(given)
    try:
        run_until_signal(work)
    except _PROBLEMS as problem:
        _tell(problem)
        sys.exit(1)


def _parse() -> argparse.Namespace:
    names = ", ".join(measurement.name for measurement in (*all_measurements(1), *measurements_by_wish(1)))
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", default="", help=f"beginnings of names, with commas: {names}")
    parser.add_argument("--quick", action="store_true", help="three rounds of half the work: a first impression")
    parser.add_argument("--thorough", action="store_true", help="nine rounds of more work, however long they take")
    parser.add_argument("--rounds", type=int, default=0, help=f"rounds of each, however long they take (else at most {_ROUNDS})")
    parser.add_argument("--save-baseline", action="store_true", help="keep what is measured in bench/baseline.json")
    parser.add_argument("--budget", action="store_true", help="show instead where a request's CPU goes, for the four main paths")
    parser.add_argument("--profile", nargs="?", const="streams", help="record our server with py-spy under this load instead")
    return parser.parse_args()


def _chosen(wanted: str, scale: float = 1.0) -> Sequence[Measurement]:
    if not wanted:
        return all_measurements(scale)
    everything, starts = (*all_measurements(scale), *measurements_by_wish(scale)), wanted.replace("_", "-").split(",")
    for start in starts:
        if not any(each.name.startswith(start) for each in everything):
            raise SystemExit(f"No measurement's name begins with {start!r}: {', '.join(each.name for each in everything)}.")
    return [each for each in everything if each.name.startswith(tuple(starts))]


async def _measure(given: argparse.Namespace) -> None:
    at, known = datetime.now(UTC), baseline.read()
    scale = 1.0 if given.thorough else _SCALE / 2 if given.quick else _SCALE
    rounds = given.rounds or (9 if given.thorough else 3 if given.quick else _ROUNDS)
    seconds = float("inf") if given.thorough or given.rounds else _SECONDS
    chosen, outcomes = _chosen(given.only, scale), list[Outcome]()
    async with built_stage() as stage:
        void = [each.name for each in chosen if not await _measured(each, stage, rounds, seconds, outcomes, known)]
    file = write(outcomes, at, {"rounds": rounds, "scale": scale, "seconds": seconds if seconds < 1e9 else None})
    print(f"\n{summary(outcomes, known)}\n{(datetime.now(UTC) - at).seconds} s; all samples: {file}")
    if given.save_baseline:
        baseline.save(outcomes, at)
        print(f"Saved as the baseline: {baseline.FILE}")
    if void:
        print(f"Void: {', '.join(void)}.", file=sys.stderr)
        sys.exit(1)


async def _measured(
    measurement: Measurement, stage: Stage, rounds: int, seconds: float, outcomes: list[Outcome], known: baseline.Baseline
) -> bool:
    """Measure and show it; what is void is told, and the others go on."""
    try:
        outcome = await measure(measurement, stage, rounds, seconds)
    except (*_PROBLEMS, ExceptionGroup) as problem:
        print(f"{measurement.name}: VOID", flush=True)
        _tell(problem)
        return False
    if not outcomes and "ours" in outcome.samples:
        print(HEAD)
    outcomes.append(outcome)
    print(rows(outcome, known), flush=True)
    return True


def _tell(problem: BaseException) -> None:
    print("The measurement is void:", problem, *getattr(problem, "__notes__", ()), sep="\n", file=sys.stderr)


async def _profile(name: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    (measurement, *_) = _chosen(name)
    file = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}-{measurement.name}.speedscope.json"
    async with built_stage() as stage:
        told = await profile(measurement, stage, file)
    print(f"Our server's event loop under the load of {measurement.name}.\n\n{told}\n\nAll of it: {file}")


async def _budget() -> None:
    recordings = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}-budget"
    recordings.mkdir(parents=True)
    async with built_stage() as stage:
        print(await budget(stage, recordings))


main()
