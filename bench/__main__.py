"""`make bench`: our speed and size beside a bare reference, in one run.

All servers are real. The measured server has one core; the client, the scripted model, Postgres and Valkey share the others.
Ours and the reference take turns; what is printed are medians, and in brackets the lowest and highest ratio of any round.
"""

import argparse
import gc
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from adapters.embedded.folder import EmbeddedProblem
from bench.measurement import Measurement
from bench.measurements import all_measurements
from bench.profiling import profile
from bench.report import RESULTS, table, write
from bench.runner import measure
from bench.stage import built_stage
from bench.wire import WrongAnswer
from entrypoints.cli.running import run_until_signal


def main() -> None:
    given = _parse()
    gc.disable()  # The client makes no cycles to speak of, and its pauses would be measured.
    try:
        run_until_signal(_profile(given.profile) if given.profile else _measure(given))
    except (WrongAnswer, EmbeddedProblem) as problem:
        print("The measurement is void:", problem, *getattr(problem, "__notes__", ()), sep="\n", file=sys.stderr)
        sys.exit(1)


def _parse() -> argparse.Namespace:
    names = ", ".join(measurement.name for measurement in all_measurements(1))
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", default="", help=f"beginnings of names, with commas: {names}")
    parser.add_argument("--quick", action="store_true", help="three rounds of half the work: a first impression")
    parser.add_argument("--rounds", type=int, default=0, help="rounds of each (default: 5)")
    parser.add_argument("--profile", nargs="?", const="streams", help="record our server with py-spy under this load instead")
    return parser.parse_args()


def _chosen(wanted: str, scale: float = 1.0) -> Sequence[Measurement]:
    everything, starts = all_measurements(scale), wanted.replace("_", "-").split(",")
    for start in starts:
        if not any(each.name.startswith(start) for each in everything):
            raise SystemExit(f"No measurement's name begins with {start!r}: {', '.join(each.name for each in everything)}.")
    return [each for each in everything if each.name.startswith(tuple(starts))]


async def _measure(given: argparse.Namespace) -> None:
    at = datetime.now(UTC)
    rounds, scale = given.rounds or (3 if given.quick else 5), 0.5 if given.quick else 1.0
    chosen, outcomes = _chosen(given.only, scale), []
    async with built_stage() as stage:
        for measurement in chosen:
            outcomes.append(await measure(measurement, stage, rounds))
            print(table(outcomes[-1]), end="\n\n", flush=True)
    file = write(outcomes, at, {"rounds": rounds, "scale": scale})
    print(f"{rounds} rounds in {(datetime.now(UTC) - at).seconds} s; all samples: {file}")


async def _profile(name: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    (measurement, *_) = _chosen(name)
    file = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}-{measurement.name}.speedscope.json"
    async with built_stage() as stage:
        told = await profile(measurement, stage, file)
    print(f"Our server's event loop under the load of {measurement.name}.\n\n{told}\n\nAll of it: {file}")


main()
