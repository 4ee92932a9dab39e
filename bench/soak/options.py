"""What was asked for on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.load.options import Load
from bench.report import RESULTS

_ABOUT = """`make soak`: people online for a long while, as in `make load`, and serving processes that are replaced (SIGHUP) and
killed in turn: does anything grow that should be level? Ends with 0 if all is level and no event was lost or doubled, 1 if not,
2 if the figures cannot be trusted or the soak could not be held.
"""

# A process's cache grows until it is full, and then it is no growth: a quarter of the default is full while a life is young.
_CACHE = 16 << 20
# People read the newest fifty messages: with fewer of them there first, pages in the caches would grow from turn to turn.
_HISTORY = 60


@dataclass(frozen=True, slots=True)
class Soak:
    """People, minutes at full number, seconds between restarts, serving processes, and seconds between two samples."""

    people: int = 2_000
    minutes: float = 20.0
    restart_every: float = 120.0
    workers: int = 2
    sample_every: float = 3.0
    shortest: float = 30.0
    longest: float = 60.0
    ramp: float | None = None
    results: Path = RESULTS

    @property
    def load(self) -> Load:
        """The load that it is put on with."""
        return Load(
            people=self.people, minutes=self.minutes, workers=self.workers, shortest=self.shortest, longest=self.longest,
            ramp=self.ramp, results=self.results, cache_memory=_CACHE, history=_HISTORY,
        )


def read_options(arguments: Sequence[str] | None = None) -> Soak:
    """Return what is asked for; wrong arguments end the program."""
    plain = Soak()
    parser = argparse.ArgumentParser("python -m bench.soak", description=_ABOUT, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=plain.people, help="people online (2000, a third of the knee)")
    parser.add_argument("--minutes", type=float, default=plain.minutes, help="at full number (20)")
    parser.add_argument("--restart-every", type=float, default=plain.restart_every, help="seconds between restarts (120)")
    parser.add_argument("--workers", type=int, default=plain.workers, help="serving processes (2)")
    parser.add_argument("--sample-every", type=float, default=plain.sample_every, help="seconds between samples (3)")
    parser.add_argument("--shortest", type=float, default=plain.shortest, help="seconds between two messages at least (30)")
    parser.add_argument("--longest", type=float, default=plain.longest, help="seconds between two messages at most (60)")
    parser.add_argument("--ramp", type=float, default=None, help="seconds in which people come (250 a second)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the report")
    given = Soak(**vars(parser.parse_args(arguments)))
    if given.people < 2 or given.workers < 2 or min(given.minutes, given.restart_every, given.sample_every) <= 0:
        parser.error("people and workers: at least 2; minutes, restart-every and sample-every: over 0")
    return given
